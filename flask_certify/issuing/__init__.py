"""Single and bulk issue, the life of a certificate after it, and the act of attaching: the one package that combines
the crafts beneath it.

Offers `bulk` (open and watch an issue batch), `many.issue_many` (one or many learners at once), `lifecycle` (withdraw,
restore, revoke), `reissuing` (a new certificate in place of another) and `undoing` (the way back), `excepting` and
`importing` (allowlist, invalidations, dates), `evaluating` (many anew, by hand), `own` (a learner asks), `happenings`
(what follows from an event, and from deciding anew), `people` (export and erase), `attaching` and `setting_up` (a
tenant with issuer, key, achievements and template), `bundles` (ZIP files of a run or of chosen learners). Leaves to
others: deciding, signing, printing and telling, which have packages of their own.
"""
