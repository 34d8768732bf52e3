"""Single and bulk issue, and the act of attaching: the one package that combines the crafts beneath it.

Offers `bulk` (open and watch an issue batch), `many.issue_many` (one or many learners at once), `attaching` and
`setting_up` (a tenant with issuer, key, achievements and template). Leaves to others: deciding, signing, printing
and telling, which have packages of their own.
"""
