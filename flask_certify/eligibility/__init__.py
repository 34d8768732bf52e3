"""May this learner have it, and why.

Offers `decide.decide` (pure: facts and offers in, a decision with reasons out), `rules` and their `notation`,
`scores`, `reasons` (codes, and their words), and `service.decide_many` (facts for many learners by one call of
the host). Leaves to others: what follows from a decision (`issuing`).
"""
