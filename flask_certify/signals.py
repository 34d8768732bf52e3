"""What the host may listen to. Each is sent after the commit; an error in a receiver undoes nothing.

The sender is the Flask application, the rest are keywords. No names, no addresses: references and ids only.
"""

from blinker import Namespace

_ours = Namespace()

award_issued = _ours.signal("certify.award-issued")
"""`award_id`, `run_ref`, `learner_ref`, `code`: a certificate now exists."""

award_withdrawn = _ours.signal("certify.award-withdrawn")
"""`award_id`, `run_ref`, `learner_ref`, `code`, `cause`: it does not count for now, and may come back."""

award_restored = _ours.signal("certify.award-restored")
"""`award_id`, `run_ref`, `learner_ref`, `code`, `cause`: it counts again, under the same code."""

award_revoked = _ours.signal("certify.award-revoked")
"""`award_id`, `run_ref`, `learner_ref`, `code`, `cause`, `final`: what could be downloaded until now counts no more.

Sent once for each time it stops to count: for a withdrawal, too, and not again when a withdrawn one is revoked."""

award_reissued = _ours.signal("certify.award-reissued")
"""`award_id`, `run_ref`, `learner_ref`, `code`, `replaces_id`, `replaced_code`: a new one took the place of another."""

record_changed = _ours.signal("certify.record-changed")
"""`run_ref`, `learner_ref`, `status`, `awarded_at`: status or date of award is another now. What depends on either,
such as credit or the certificate of a programme, can be checked again."""

batch_finished = _ours.signal("certify.batch-finished")
"""`batch_id`, `run_ref`: an issue batch has come to its end."""
