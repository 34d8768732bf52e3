"""The signed document: compose, sign, keys, status lists, did documents.

Offers `service` (reserve places, sign many, store, check, publish), `open_badge.Statement` (what is to be signed),
`verify` (is a text intact under an issuer's keys), and `views.register` for the two public addresses. All but
`service`, `keys`, `lists`, `models`, `errors` and `views` know neither Flask nor a database.
Leaves to others: who gets an award (`eligibility`), what became of it (`awards`), and what the public is told
(`verification`).
"""
