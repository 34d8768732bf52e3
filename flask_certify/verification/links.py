"""Pages of the host that ours leads to. A host that is away, or has none, takes nothing else from the page."""

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from ..core.errors import CertifyError
from ..core.hosts import asking
from ..core.runtime import Runtime


@dataclass(frozen=True, slots=True)
class Links:
    """Addresses; None: there is no such page."""

    courses: str | None
    video: str | None


def links_for(rt: Runtime, run_ref: str | None) -> Links:
    """The course list, and the video of the run if one is named."""
    courses = _asked(rt, "page_url", lambda: rt.host.page_url("courses"))
    return Links(courses, _video(rt, run_ref) if run_ref is not None else None)


def _video(rt: Runtime, run_ref: str) -> str | None:
    """The host's page that plays it, else the address that the run gives."""
    return _asked(rt, "page_url", lambda: rt.host.page_url("video", run_ref)) or _asked(
        rt, "course_run", lambda: run.video_url if (run := rt.host.course_run(run_ref)) else None
    )


def _asked(rt: Runtime, port: str, ask: Callable[[], str | None]) -> str | None:
    try:
        with asking(rt, port):
            found = ask()
    except CertifyError:  # `asking` has logged it; the answer about the certificate does not wait for the host
        return None
    return found if found and is_followable(found) else None


def is_followable(address: str) -> bool:
    """Whether a link may lead there: to the web, or to another page of this site. Never a script."""
    if "\\" in address:  # browsers read it as a slash, so `/\\` would leave this site
        return False
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    if parts.scheme:
        return parts.scheme in ("http", "https") and bool(parts.netloc)
    return address.startswith("/") and not parts.netloc
