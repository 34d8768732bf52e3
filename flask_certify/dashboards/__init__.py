"""What staff and learners see, and what notebooks ask.

Offers `queries` (reads that screens, reports and notebooks share), `views` (the mentor's screens), `learner_views` (a
learner's certificates and their documents), `report` (the progress report) and `doctor` (what would go wrong later).
Leaves to others: every decision and every change; the host is asked only for its own columns and permissions.
"""
