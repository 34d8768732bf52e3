"""What the host may listen to. Each is sent after the commit; an error in a receiver undoes nothing.

The sender is the Flask application, the rest are keywords. No names, no addresses: references and ids only.
"""

from blinker import Namespace

_ours = Namespace()

award_issued = _ours.signal("certify.award-issued")
"""`award_id`, `run_ref`, `learner_ref`, `code`: a certificate now exists."""

batch_finished = _ours.signal("certify.batch-finished")
"""`batch_id`, `run_ref`: an issue batch has come to its end."""
