"""The signed document: compose, sign, keys, status lists, did documents, and other forms of it.

Offers `service` (reserve places, sign many, store, check, publish), `rotation` (the life of keys), `forms` (JWT,
pictures, older badges), `carriers` (what files carry), `open_badge.Statement` (what is to be signed), `verify` (is a
text intact under an issuer's keys), `commands.register`, and `views.register` for the public addresses. What composes
and judges knows neither Flask nor a database.
Leaves to others: who gets an award (`eligibility`), what became of it (`awards`), and what the public is told
(`verification`).
"""
