"""Trying a template: certificates of made-up people, and what became of each name."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid5

from ..core.errors import BadInput
from ..core.i18n import N_
from . import painting, pictures, placeholders, shipped
from .compiling import compiled
from .errors import TemplateRefused
from .placeholders import Words
from .plate import Plate
from .press import Press

_ISSUED = datetime(2026, 5, 31, 12, tzinfo=UTC)
_HERE = UUID("6f7d7b5e-52a1-4f39-9f3e-0d1f5f0e2c11")
PICTURES = (".png", ".jpg", ".jpeg")
HARD_NAMES = (
    "O",
    "Venkata Subrahmanya Satyanarayana Lakshmi Narasimha Murthy Chandrasekhar Bhattacharya",
    "Dr. सुनीता शर्मा (PhD)",
    "श्रीमती विद्याधरेश्वरी ज्ञानेश्वर चतुर्वेदी क्षत्रियवंशी भट्टाचार्य त्रिपाठी सूर्यवंशी",
    "S. முத்துக்குமார் B.Ed.",
    "కృష్ణమూర్తి శ్రీనివాస్",
    "ಶ್ರೀನಿವಾಸ ಕೃಷ್ಣಪ್ಪ",
    "ഉണ്ണിക്കൃഷ്ണൻ നമ്പൂതിരി",
    "কৃষ্ণেন্দু ভট্টাচার্য",
    "કૃષ્ણા બ્રહ્મભટ્ટ",
    "ਗੁਰਪ੍ਰੀਤ ਸਿੰਘ",
    "ଶ୍ରୀଧର ମହାପାତ୍ର",
    "محترمہ Fatima بیگم",
)
"""The longest and hardest, in every script."""


class UnknownDesign(BadInput):
    code = "template.unknown_design"
    sentence = N_("There is no design %(name)s, and no file of that name. The designs are: %(known)s.")


@dataclass(frozen=True, slots=True)
class Tried:
    """One name: its certificate, or why there is none, and how it had to be set."""

    number: int
    pdf: bytes | None
    size: float | None  # points; None: refused
    wanted: float
    lines: int
    refused: BadInput | None

    @property
    def is_shrunk(self) -> bool:
        return self.size is not None and self.size < self.wanted


def plate_of(name: str, language: str) -> Plate:
    """The plate of a shipped design by its key, or of an HTML file with its pictures beside it.

    Raises UnknownDesign, TemplateRefused and its kinds.
    """
    path = Path(name)
    if path.is_file():
        beside = [each for each in sorted(path.parent.iterdir()) if each.suffix.lower() in PICTURES]
        html = path.read_text()
        assets = {each.name: pictures.normal(each.name, each.read_bytes()) for each in beside if each.name in html}
        return compiled(html, language, assets)
    designs = {each.key: each for each in shipped.designs()}
    if name not in designs:
        raise UnknownDesign(name=name[:80], known=", ".join(designs))
    pages: Mapping[str, str] = designs[name].pages
    return compiled(pages.get(language, pages["en"]), language, designs[name].pictures)


def tried(plate: Plate, names: Iterable[str]) -> Iterator[Tried]:
    """A certificate for each name, with the samples of the placeholder table for all else. Names are counted from 1."""
    sample = placeholders.in_words(placeholders.samples(), plate.language, "UTC")
    press = Press(plate, placeholders.shared(sample), lambda picture: b"", attaches=False)
    slot = next(each for each in plate.slots if each.name == "recipient.name")
    for number, name in enumerate(names, 1):
        words: Words = {**sample, "recipient.name": painting.tidy(name)}
        try:
            fitted = painting.fitted(slot, painting.printed_text(slot, painting.tidy(name)), plate.language)
            tail = press.print(words, doc_id=uuid5(_HERE, name), created=_ISSUED)
        except TemplateRefused:
            raise
        except BadInput as refused:
            yield Tried(number, None, None, slot.style.size, 0, refused)
            continue
        yield Tried(number, press.prefix + tail.data, fitted.size, slot.style.size, len(fitted.lines), None)
