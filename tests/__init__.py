"""The tests. A package, so that `tests.support` is ours and nobody else's."""
