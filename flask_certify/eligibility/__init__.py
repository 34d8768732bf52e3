"""May this learner have it, and why; and what becomes of the record.

Offers `decide.decide` (facts and offers in, a decision with reasons out) and the `engine` beneath it, which every door
asks; `events` (what follows from something that happened), `visibility` (when a certificate is seen, and its date),
`rules` with their `notation`, `judging` and `solver`, `simulation` of another rule set, `cases` (the engine by lines of
JSON), `scores`, `reasons` (codes, and their words). All of that is pure. `service.decide_many` gets the facts for many
learners by one call of the host. Leaves to others: what is done about a decision (`issuing`).
"""
