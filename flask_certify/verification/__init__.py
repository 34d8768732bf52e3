"""Anyone may check a certificate: on the page behind the QR code, by typing a code, as JSON, or by a command.

Offers `service` (`check_code`, and `report` as plain data), `views.register` for the public addresses, and `limits`
(how often one client may try; the host may plug a limiter of its own). Within: `answers` (the answers there are, and
which one it is), `seals` (is it what the issuer signed), `wording` (the answers in sentences), `links` (pages of the
host). Leaves to others: signing and keys (`credentials`), and what becomes of an award (`awards`).
"""
