"""Certificate Status, as dashboards and reports show it: the first row that fits (group H, D-08)."""

from ..core.i18n import N_

ISSUED, NONE_YET, NOT_AVAILABLE, ISSUE_FAILED = "Issued", "", "N/A", "Issue failed"

WORDS = {ISSUED: N_("Issued"), NOT_AVAILABLE: N_("N/A"), ISSUE_FAILED: N_("Issue failed")}


def label_of(*, has_live_award: bool, issue_failed: bool, in_audience: bool) -> str:
    if has_live_award:
        return ISSUED
    if issue_failed:
        return ISSUE_FAILED
    return NONE_YET if in_audience else NOT_AVAILABLE
