"""Whole small hosts that run: `minimal`, one file, and `campus`, a small real LMS. The tests use them."""
