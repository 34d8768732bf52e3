"""Anyone may check a certificate: on the page behind the QR code, by its code, by a file, as JSON, or by a command.

Offers `service` (`check_code`, `check_file`, and `report` as plain data), `views.register` for the public addresses,
`commands.register`, and `limits` (how often one client may try; the host may plug a limiter of its own). Within:
`answers` (the answers there are, and which one it is), `seals` (is it what the issuer signed), `presented` (files that
are handed in), `sharing` and `disclosure` (what a holder lets others see), `aliases` (codes of earlier systems),
`export` (verify without us), `wording` (the answers in sentences), `links` (pages of the host).
Leaves to others: signing and keys (`credentials`), and what becomes of an award (`awards`).
"""
