"""Issuers, signatories, what can be earned, and its attachment to a course run.

Offers `service` (issuers, runs, attachments as frozen views) and `models`. Leaves to others: whether an attachment
may be made (`issuing.attaching`), and whether a learner has earned it (`eligibility`).
"""
