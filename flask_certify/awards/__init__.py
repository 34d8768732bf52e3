"""That someone earned it, and what became of it.

Offers `states` (the life of an award as a table), `frozen` (what an award prints, for ever), `models`, and
`service` (find awards and records). Leaves to others: deciding (`eligibility`), signing (`credentials`).
"""
