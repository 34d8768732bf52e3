"""Looks at everything that was issued as a stranger would: the signature, the printed code, the page behind it."""

import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pypdfium2
import sqlalchemy as sa
import zxingcpp

from flask_certify.awards.models import Award
from flask_certify.awards.states import AwardState
from flask_certify.core.current import current_runtime
from flask_certify.core.runtime import Runtime
from flask_certify.issuing.printing import get_document
from flask_certify.verification import service as verification

SAMPLES = 5  # documents that are printed and scanned
DOTS_PER_POINT = 3  # a little over 200 dots to the inch, as a plain office scanner sees it
VALID = "This certificate is valid"
LONGEST_WAIT = 10  # seconds for one page

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Issued:
    award_id: UUID
    code: str


def check(run_ref: str, *, say: Say) -> bool:
    """Whether every certificate of the run verifies, and each sampled document leads to a page that says valid."""
    rt = current_runtime()
    issued = list_issued(run_ref)
    samples = _spread(issued)
    valid = sum(verification.check_code(rt, each.code).is_valid for each in issued)
    good = sum(_leads_to_a_valid_page(rt, each) for each in samples)
    say(f"  Verified  {valid:,} of {len(issued):,} credentials")
    say(f"  Scanned   {good} of {len(samples)} sampled documents, and each code leads to a page that says valid")
    return bool(issued) and valid == len(issued) and good == len(samples)


def list_issued(run_ref: str) -> list[Issued]:
    """Each live certificate of the run, in the order of issue."""
    with current_runtime().reading() as session:
        asked = sa.select(Award.id, Award.code).where(Award.run_ref == run_ref, Award.state == AwardState.ISSUED)
        return [Issued(row.id, row.code) for row in session.execute(asked.order_by(Award.id))]


def _leads_to_a_valid_page(rt: Runtime, issued: Issued) -> bool:
    address = look_at(get_document(rt, issued.award_id).data)
    return address.endswith(f"/{issued.code}") and VALID in _page(address)


def look_at(pdf: bytes) -> str:
    """What the QR code on the first page says; empty if there is none to be seen."""
    with pypdfium2.PdfDocument(pdf) as document:
        picture = document[0].render(scale=DOTS_PER_POINT).to_pil()
    return next(iter(_texts(picture)), "")


def _texts(picture: Any) -> Iterator[str]:
    for found in zxingcpp.read_barcodes(picture):
        yield found.text


def _spread(issued: Sequence[Issued]) -> Sequence[Issued]:
    """Some of them, from all parts of the list."""
    step = max(1, len(issued) // SAMPLES)
    return issued[::step][:SAMPLES]


def _page(address: str) -> str:
    """The page at this address, over the network as anybody gets it; empty if there is none."""
    asked = urllib.request.Request(address, headers={"Accept": "text/html", "Accept-Language": "en"})
    try:
        with urllib.request.urlopen(asked, timeout=LONGEST_WAIT) as answer:
            text: str = answer.read().decode()
    except OSError:
        return ""
    return text
