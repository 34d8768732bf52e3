"""The fence between us and the LMS: what we ask of it, in values of our own.

Offers `records` (frozen values that cross the fence), `ports` (the Protocols an adapter satisfies) and
`memory` (a small LMS in memory). Leaves to others: every decision about what the answers mean.
"""
