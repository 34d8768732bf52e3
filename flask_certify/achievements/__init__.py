"""Issuers, signatories, what can be earned, and its attachment to a course run.

Offers `service` (issuers, runs, attachments as frozen views), `models`, and `views`, by which doors open an issuer or a
run to whoever may. Leaves to others: whether an attachment may be made (`issuing.attaching`), and whether a learner has
earned it (`eligibility`).
"""
