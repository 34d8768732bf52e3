"""What every other room stands on: settings, errors, time, ids, transactions, the outbox, words, web.

Nothing here knows what a certificate is.
"""
