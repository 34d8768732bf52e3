"""What is said to whom, once.

Offers `service` (choose channels, write the ledger), `jobs.KINDS` (the work that sends what the ledger
holds), `ports` (what a way of sending promises), `mail.make_mailer` and `sms.make_texter` (the ways that
the settings name), `texts` (what is said), and `reasons` (why something was not sent, in words). Leaves to others:
whether anybody is to be told at all (`issuing`), and the addresses, which stay with the host.
"""
