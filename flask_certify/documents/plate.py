"""A plate: a template laid out once, ready to be printed from for every recipient.

It is a file of one page that holds the graphics only. Where values go, and the text of the template itself, stand
beside them as data, since one engine of ours draws all text.
"""

import io
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

import pikepdf

from .dialect import SlotStyle
from .drawing import Colour
from .pdf import OpenPage
from .shaping import Line, Run, face

ENGINE = "plate 1"
_KEY = "/CertifyPlate"


@dataclass(frozen=True, slots=True)
class Slot:
    """A rectangle of the page that gets a value: its lower left corner in points, and how the value is drawn."""

    x: float
    y: float
    style: SlotStyle
    room: float | None = None  # points: what its surroundings left of its width; None: all of it

    @property
    def name(self) -> str:
        return self.style.name

    @property
    def middle(self) -> float:
        return self.y + self.style.height / 2


@dataclass(frozen=True, slots=True)
class StaticText:
    """A line of the template's own text, whose baseline begins at x, y."""

    line: Line
    x: float
    y: float
    size: float
    colour: Colour


@dataclass(frozen=True, slots=True)
class Plate:
    language: str
    slots: tuple[Slot, ...]
    texts: tuple[StaticText, ...]
    page: bytes  # a PDF of one page, graphics only

    def opened(self) -> OpenPage:
        return OpenPage.of(self.page)

    def written(self) -> bytes:
        """The plate as one file. The same plate gives the same bytes."""
        pdf = pikepdf.open(io.BytesIO(self.page))
        described = {
            "language": self.language,
            "slots": [_slot_out(slot) for slot in self.slots],
            "texts": [_text_out(text) for text in self.texts],
        }
        pdf.Root[_KEY] = pdf.make_stream(json.dumps(described, sort_keys=True).encode())
        return saved(pdf)

    @classmethod
    def read(cls, data: bytes) -> Self:
        """The plate in a file that `written` made."""
        pdf = pikepdf.open(io.BytesIO(data))
        described = json.loads(pdf.Root[_KEY].read_bytes())
        del pdf.Root[_KEY]
        language = described["language"]
        return cls(
            language=language,
            slots=tuple(_slot_in(each) for each in described["slots"]),
            texts=tuple(_text_in(each, language) for each in described["texts"]),
            page=saved(pdf),
        )


def saved(pdf: pikepdf.Pdf) -> bytes:
    """The document as a file. The same document gives the same bytes: nothing in it is random or tells the time."""
    out = io.BytesIO()
    pdf.save(
        out,
        deterministic_id=True,
        compress_streams=True,
        stream_decode_level=pikepdf.StreamDecodeLevel.none,
        object_stream_mode=pikepdf.ObjectStreamMode.generate,
    )
    return out.getvalue()


def _slot_out(slot: Slot) -> dict[str, Any]:
    room = {} if slot.room is None else {"room": slot.room}
    return {"x": slot.x, "y": slot.y, "style": asdict(slot.style), **room}


def _slot_in(stored: dict[str, Any]) -> Slot:
    return Slot(stored["x"], stored["y"], _style_in(stored["style"]), stored.get("room"))


def _style_in(stored: dict[str, Any]) -> SlotStyle:
    rule = stored.pop("rule")
    return SlotStyle(**stored | {"colour": _colour(stored["colour"]), "rule": _colour(rule) if rule else None})


def _text_out(text: StaticText) -> dict[str, Any]:
    runs = [[run.text, run.face.family, run.face.style, run.right_to_left] for run in text.line.runs]
    return {"runs": runs, "at": [text.x, text.y], "size": text.size, "colour": text.colour}


def _text_in(stored: dict[str, Any], language: str) -> StaticText:
    runs = []
    for text, family, style, right_to_left in stored["runs"]:
        chosen = face(family, style)
        runs.append(Run(text, chosen, right_to_left, chosen.shape(text, right_to_left, language)))
    line = Line("".join(run.text for run in runs), tuple(runs))
    x, y = stored["at"]
    return StaticText(line, x, y, stored["size"], _colour(stored["colour"]))


def _colour(stored: Sequence[float]) -> Colour:
    red, green, blue = stored
    return red, green, blue
