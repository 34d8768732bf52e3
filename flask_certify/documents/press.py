"""A plate set up with all that many certificates share: it prints one recipient's as a prefix and a tail.

The prefix holds the graphics, the template's own text, the shared words (course, issuer, date) with their fonts, the
letters of codes, the colour profile; it is made once. The tail holds the recipient's name and whatever else is theirs
alone, the QR code, a small font for each face in the name, the reading order, metadata and the signed credential. The
same words give the same bytes, in any process.
"""

import hashlib
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from types import SimpleNamespace
from uuid import UUID

from ..core.i18n import N_, c_, speaking
from . import metadata, painting, pdf, qr, srgb
from .drawing import FontsInUse, drawn
from .painting import Marks, SpelledSlot
from .pictures import Drawable
from .placeholders import REQUIRED, Picture, Words
from .plate import Plate, Slot, StaticText

CREDENTIAL = "credential.json"
_HEADING = 20  # points: the first line this large is the heading

Pictures = Callable[[Picture], bytes]
"""Finds the bytes of a picture, PNG or JPEG."""


@dataclass(frozen=True, slots=True)
class Tail:
    """What one certificate adds to the prefix, and what is known of the whole without putting it together."""

    data: bytes
    sha256: str
    crc: int
    size: int


@dataclass(slots=True)
class Element:
    """One place in the reading order: its marks on the page, and its number once it has one."""

    kind: bytes
    marks: list[int] = field(default_factory=list)
    extra: bytes = b""
    number: int = 0


@dataclass(frozen=True, slots=True)
class Content:
    """Something on the page that can be read, from the top of the page down."""

    y: float
    x: float
    thing: Slot | StaticText


class Press:
    """Prints certificates of one plate whose `shared` words are the same. Raises NoGlyph, TooLong for those."""

    def __init__(self, plate: Plate, shared: Words, pictures: Pictures, *, attaches: bool = True) -> None:
        self._plate, self._shared, self._pictures, self._attaches = plate, shared, pictures, attaches
        self._codes: qr.Codes | None = None
        self._order = _in_order(plate)
        self._spelled: dict[str, SpelledSlot] = {}
        self._heading = _heading(self._order, self._shared)
        self._build()

    # ---- one certificate

    def print(self, words: Words, *, doc_id: UUID, created: datetime, credential: bytes | None = None) -> Tail:
        """The tail of a certificate. `words` may hold the shared ones too. Raises ValueMissing, NoGlyph,
        SignAlone, TooLong, QrTooDense, which name the place and never the person.
        """
        for key in REQUIRED:
            painting.check_said(key, words.get(key))
        used, marks = FontsInUse("V"), Marks(self._first_mark)
        operators: list[str] = []
        own: dict[str, Element] = {}
        for slot in self._own:
            value = words.get(slot.name)
            if value:
                operators += self._painted(slot, value, used, marks, own)
        number = self._at.elements
        for element in own.values():
            element.number = number
            number += 1
        resources, fonts = used.written(number, pdf.TAIL_LEVEL)
        title = f"{self._titled} {words['certificate.code']}: {words['recipient.name']}".strip()
        author = str(self._shared.get("issuer.name", ""))
        bodies = [
            pdf.packed("\n".join(operators).encode()),
            b"<</Font<<%s%s>>%s>>" % (self._font_entries, resources, self._resources),
            metadata.xmp(title, author, created),
            metadata.info(title, author, created),
            *self._read_out(own),
            *self._attachment(credential, created),
            *[self._element(each) for each in own.values()],
            *fonts,
        ]
        data = self._prefix.tail(
            bodies, root=self._at.catalog, info=self._at.info, file_id=hashlib.md5(doc_id.bytes).hexdigest().encode()
        )
        whole = self._hash.copy()
        whole.update(data)
        return Tail(data, whole.hexdigest(), zlib.crc32(data, self.prefix_crc), len(self.prefix) + len(data))

    @property
    def prefix(self) -> bytes:
        return self._prefix.data

    @cached_property
    def prefix_sha(self) -> str:
        return self._hash.hexdigest()

    # ---- painting

    def _painted(
        self, slot: Slot, value: str | Picture, used: FontsInUse, marks: Marks, elements: dict[str, Element]
    ) -> list[str]:
        """Operators for a value, whose element is noted."""
        first = marks.next
        match slot.style.kind:
            case "qr":
                side = min(slot.style.width, slot.style.height)
                out = [f"/Figure<</MCID {marks.take()}>>BDC", self._qr(str(value), slot, side), "EMC"]
                elements[slot.name] = _figure(slot, self._alt_of_qr)
            case "image":
                assert isinstance(value, Picture)
                out = [f"/Figure<</MCID {marks.take()}>>BDC {self._picture(slot, value)} EMC"]
                elements[slot.name] = _figure(slot, self._alt_of(slot))
            case _:
                out = painting.rule(slot) + self._written(slot, str(value), used, marks)
                actual = b"/ActualText" + pdf.text(str(value)) if slot.name == "recipient.name" else b""
                elements[slot.name] = Element(self._kind(slot), extra=actual)
        elements[slot.name].marks = list(range(first, marks.next))
        return out

    def _written(self, slot: Slot, value: str, used: FontsInUse, marks: Marks) -> list[str]:
        text = painting.printed_text(slot, value)
        if slot.name in self._spelled:
            spelled = self._spelled[slot.name].drawn(text, marks.next)
            if spelled is not None:
                marks.take()
                return [spelled]
        return painting.lines(slot, painting.fitted(slot, text, self._plate.language), used, marks)

    def _qr(self, address: str, slot: Slot, side: float) -> str:
        if self._codes is None:
            self._codes = qr.Codes(address)
        return self._codes.drawn(address, slot.x, slot.y, side)

    def _picture(self, slot: Slot, picture: Picture) -> str:
        """The picture as large as its place allows, on the lower edge of it."""
        name, width, height = self._images[slot.name]
        style = slot.style
        scale = min(style.width / width, style.height / height)
        x = slot.x + (style.width - width * scale) * painting.ALIGN[style.align]
        return f"q {width * scale:.2f} 0 0 {height * scale:.2f} {x:.2f} {slot.y:.2f} cm /{name} Do Q"

    def _kind(self, thing: Slot | StaticText) -> bytes:
        return b"H1" if thing is self._heading else b"P"

    def _alt_of(self, slot: Slot) -> str:
        name = self._shared.get(slot.name.replace(".image", ".name"), "")
        with speaking(self._plate.language):
            return c_(N_("Signature of %(name)s"), name=name) if name else c_(N_("Signature"))

    # ---- the prefix

    def _build(self) -> None:
        """Numbers every object, shared or not, then writes the shared ones."""
        book, used, marks = pdf.Book(), FontsInUse("C"), Marks()
        names = ("catalog", "pages", "page", "background", "colours", "tree")
        self._at = at = SimpleNamespace(**{name: book.reserve() for name in names})
        self._titled = str(self._shared.get("achievement.title", ""))
        with speaking(self._plate.language):
            self._alt_of_qr = c_(N_("QR code: leads to the page that checks this certificate"))
        page = self._plate.opened()
        self._embed_pictures(book)
        self._resources = self._copied_resources(page, book)
        operators, self._fixed = self._arranged(used, marks)
        self._first_mark = marks.next
        for element in self._fixed.values():
            element.number = book.reserve()
        self._spell(used)
        self._font_entries, bodies = used.written(book.last + 1, pdf.SMALLEST)
        for body in bodies:
            book.add(body)
        # What follows is in the tail, in this order.
        following: tuple[str, ...] = ("content", "resources", "metadata", "info", "document", "parents")
        following += ("file", "filespec") if self._attaches else ()
        for number, name in enumerate(following, book.last + 1):
            setattr(at, name, number)
        at.elements = book.last + len(following) + 1
        for element in self._fixed.values():
            book.put(element.number, self._element(element))
        self._write_page(book, page, operators)
        self._write_catalog(book)
        self._prefix = book.closed()
        self._hash = hashlib.sha256(self.prefix)
        self.prefix_crc = zlib.crc32(self.prefix)

    def _arranged(self, used: FontsInUse, marks: Marks) -> tuple[list[str], dict[str, Element]]:
        """Operators of all that is fixed, and its elements, by what identifies them. What is not is kept in `_own`."""
        operators: list[str] = []
        elements: dict[str, Element] = {}
        self._reading: list[str] = []
        self._own: list[Slot] = []
        baseline = None
        for content in self._order:
            thing = content.thing
            if isinstance(thing, StaticText):
                if baseline is None or abs(baseline - thing.y) > 1:  # pieces on one baseline are one element
                    baseline = thing.y
                    key = f"text {len(elements)}"
                    elements[key] = Element(self._kind(thing))
                    self._reading.append(key)
                element = elements[self._reading[-1]]
                element.marks.append(marks.next)
                line = (thing.line, thing.x, thing.y, thing.size, thing.colour)
                operators.append(drawn(*line, used, marks.take()))
                continue
            baseline = None
            self._reading.append(thing.name)
            value = self._shared.get(thing.name)
            if value:
                operators += self._painted(thing, value, used, marks, elements)
            else:
                self._own.append(thing)
        return operators, elements

    def _spell(self, used: FontsInUse) -> None:
        for slot in self._own:
            if slot.name in painting.SPELLED:
                self._spelled[slot.name] = SpelledSlot(slot, self._plate.language, used)

    def _embed_pictures(self, book: pdf.Book) -> None:
        self._images: dict[str, tuple[str, int, int]] = {}
        self._image_entries = b""
        for slot in self._plate.slots:
            value = self._shared.get(slot.name)
            if isinstance(value, Picture):
                image = Drawable.read(self._pictures(value))
                name = f"Own{len(self._images)}"
                self._images[slot.name] = name, image.width, image.height
                self._image_entries += b"/%s %d 0 R" % (name.encode(), image.put(book))

    def _copied_resources(self, page: pdf.OpenPage, book: pdf.Book) -> bytes:
        """All that the graphics use: pictures, shades, colours."""
        return pdf.resources(page, book, more_pictures=self._image_entries)

    def _write_page(self, book: pdf.Book, page: pdf.OpenPage, operators: list[str]) -> None:
        at = self._at
        graphics = b"/Artifact BMC\nq\n%s\nQ\nEMC\n" % page.content
        book.put(at.background, pdf.packed(graphics + "\n".join(operators).encode(), level=pdf.SMALLEST))
        book.put(
            at.page,
            b"<</Type/Page/Parent %d 0 R/MediaBox[%s]/Contents[%d 0 R %d 0 R]/Resources %d 0 R/StructParents 0"
            b"/Tabs/S/Group<</S/Transparency/CS/DeviceRGB>>>>"
            % (at.pages, page.box, at.background, at.content, at.resources),
        )
        book.put(at.pages, b"<</Type/Pages/Kids[%d 0 R]/Count 1>>" % at.page)

    def _write_catalog(self, book: pdf.Book) -> None:
        at, attached = self._at, b""
        if self._attaches:
            attached = b"/AF[%d 0 R]/Names<</EmbeddedFiles<</Names[(%s)%d 0 R]>>>>" % (
                at.filespec,
                CREDENTIAL.encode(),
                at.filespec,
            )
        book.put(
            at.tree,
            b"<</Type/StructTreeRoot/K %d 0 R/ParentTree %d 0 R/ParentTreeNextKey 1>>" % (at.document, at.parents),
        )
        book.put(at.colours, pdf.packed(srgb.profile(), b"/N 3", pdf.SMALLEST))
        book.put(
            at.catalog,
            b"<</Type/Catalog/Pages %d 0 R/Lang%s/ViewerPreferences<</DisplayDocTitle true>>/MarkInfo<</Marked true>>"
            b"/StructTreeRoot %d 0 R/Metadata %d 0 R/OutputIntents[<</Type/OutputIntent/S/GTS_PDFA1"
            b"/OutputConditionIdentifier(sRGB)/DestOutputProfile %d 0 R>>]%s>>"
            % (at.pages, pdf.text(self._plate.language), at.tree, at.metadata, at.colours, attached),
        )

    # ---- the reading order

    def _read_out(self, own: dict[str, Element]) -> list[bytes]:
        """The document as it is read out, and for each mark of the page the element it belongs to."""
        elements = [self._fixed.get(key) or own.get(key) for key in self._reading]
        there = [each for each in elements if each is not None]
        owners = {mark: element.number for element in there for mark in element.marks}
        return [
            b"<</Type/StructElem/S/Document/P %d 0 R/K[%s]>>"
            % (self._at.tree, pdf.references([each.number for each in there])),
            b"<</Nums[0[%s]]>>" % pdf.references([owners[mark] for mark in range(len(owners))]),
        ]

    def _element(self, element: Element) -> bytes:
        return b"<</Type/StructElem/S/%s/P %d 0 R/Pg %d 0 R/K[%s]%s>>" % (
            element.kind,
            self._at.document,
            self._at.page,
            b" ".join([b"%d" % mark for mark in element.marks]),
            element.extra,
        )

    def _attachment(self, credential: bytes | None, created: datetime) -> list[bytes]:
        if not self._attaches:
            return []
        data = credential or b""
        name = CREDENTIAL.encode()
        return [
            pdf.packed(
                data,
                b"/Type/EmbeddedFile/Subtype/application#2Fjson/Params<</Size %d/ModDate(%s)>>"
                % (len(data), metadata.stamp(created)),
            ),
            b"<</Type/Filespec/F(%s)/UF(%s)/AFRelationship/Data/Desc(Signed credential)/EF<</F %d 0 R/UF %d 0 R>>>>"
            % (name, name, self._at.file, self._at.file),
        ]


def _in_order(plate: Plate) -> list[Content]:
    """Top down, then left to right: the order in which the page is read out."""
    found = [Content(text.y + text.size * 0.3, text.x, text) for text in plate.texts]
    found += [Content(slot.middle, slot.x, slot) for slot in plate.slots]
    return sorted(found, key=lambda each: (-round(each.y), each.x))


def _heading(order: list[Content], shared: Words) -> Slot | StaticText | None:
    """The first large line that every certificate of the press has; never the name of a person."""
    for content in order:
        match content.thing:
            case StaticText(size=size) as text if size >= _HEADING:
                return text
            case Slot() as slot if slot.style.size >= _HEADING and isinstance(shared.get(slot.name), str):
                return slot
    return None


def _figure(slot: Slot, alt: str) -> Element:
    style = slot.style
    box = b"%.2f %.2f %.2f %.2f" % (slot.x, slot.y, slot.x + style.width, slot.y + style.height)
    return Element(b"Figure", extra=b"/Alt%s/A<</O/Layout/Placement/Block/BBox[%s]>>" % (pdf.text(alt), box))
