"""Words that break printers, and a look at the printed page through other programs than ours.

    python -m tests.support.documents

prints the fingerprint of one certificate: another process must come to the same.
"""

import hashlib
import io
import unicodedata
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from uuid import UUID

import pikepdf
import pypdfium2
from PIL import Image, ImageDraw

from flask_certify.documents import shipped
from flask_certify.documents.compiling import compiled
from flask_certify.documents.placeholders import Value, Words, in_words, shared
from flask_certify.documents.plate import Plate
from flask_certify.documents.press import Press

LINES = {  # by script: conjuncts, reordered vowels, joining
    "Deva": "क्षत्रिय श्री विद्यार्थी कीर्ति शक्ति",
    "Taml": "தொழில்நுட்பம் கௌரவம் ஸ்ரீ",
    "Telu": "ప్రజ్ఞ శ్రీనివాస్ కృష్ణమూర్తి",
    "Knda": "ಕ್ರಿಯೆ ಶ್ರೀನಿವಾಸ ಮೂರ್ತಿ",
    "Mlym": "സ്ത്രീ കൃഷ്ണൻ വിദ്യാർത്ഥി",
    "Beng": "ক্ষুদ্র শ্রীমতী বিদ্যার্থী কৃষ্ণেন্দু",
    "Gujr": "શ્રી વિદ્યાર્થી ક્ષત્રિય કૃષ્ણ",
    "Guru": "ਸ੍ਰੀ ਵਿਦਿਆਰਥੀ ਪ੍ਰੀਤਮ ਸਿੰਘ",
    "Orya": "ଶ୍ରୀ ବିଦ୍ୟାର୍ଥୀ କ୍ଷତ୍ରିୟ କୃଷ୍ଣ",
    "Aran": "اردو نستعلیق محترمہ فاطمہ بیگم",
    "Latn": "Rohiṇī Śrīnivāsa — AVATAR office fi Kumar",
}
AWKWARD = (
    "Venkata Subrahmanya Satyanarayana Lakshmi Narasimha Murthy Chandrasekhar Bhattacharya",
    "श्रीमती विद्याधरेश्वरी ज्ञानेश्वर चतुर्वेदी क्षत्रियवंशी भट्टाचार्य त्रिपाठी सूर्यवंशी",
    "Dr. सुनीता शर्मा (PhD)",
    "S. முத்துக்குமார் B.Ed.",
    "Śrī Kṛṣṇa D’Souza",
    "محترمہ Fatima بیگم 2025",
    "श्रीमान् क्ष्\u200d क्\u200cष",
    "O",
    "<b>&amp; (x) \\ %s",
)
NOT_DRAWN = ("Asha 🙂", "רות", "𑀅𑀰𑁄𑀓", "Ada\x07")

CODE = "7G4K9QXM2TPD"
ADDRESS = f"https://certs.example.org/certify/v/{CODE}"


CREDENTIAL = b'{"type": ["VerifiableCredential"], "name": "\xe0\xa4\x85"}'
DOC_ID = UUID("01890a5d-ac96-774b-bcce-b302099a8057")


@cache
def plate_of(key: str, language: str) -> Plate:
    """The plate of a design that comes with the package, laid out once for the whole run."""
    design = next(each for each in shipped.designs() if each.key == key)
    return compiled(design.pages[language], language, design.pictures)


def values(**changed: Value) -> dict[str, Value]:
    """What a certificate holds; `recipient_name=` changes `recipient.name`."""
    told: dict[str, Value] = {
        "recipient.name": "Ada Lovelace",
        "course.title": "Physics for Teachers",
        "achievement.title": "Certificate of Achievement",
        "award.date": datetime(2026, 5, 31, 20, 0, tzinfo=UTC),
        "completion.date": date(2026, 4, 17),
        "score": Decimal("87.5"),
        "issuer.name": "Academy of Wales",
        "certificate.code": CODE,
        "certificate.address": ADDRESS,
        "qr": ADDRESS,
        "signatory.1.name": "Dr. Meera Joshi",
        "signatory.1.designation": "Director",
    }
    return told | {key.replace("_", "."): value for key, value in changed.items()}


def printed(plate: Plate, told: Mapping[str, Value], credential: bytes | None = CREDENTIAL) -> bytes:
    """A certificate of no particular award."""
    words = in_words(told, plate.language, "Asia/Kolkata")
    press = Press(plate, shared(words), lambda picture: signature(), attaches=credential is not None)
    return document(press, words, credential)


def document(press: Press, words: Words, credential: bytes | None = CREDENTIAL) -> bytes:
    """A certificate of no particular award, from a press that is there."""
    issued = datetime(2026, 5, 31, 20, 0, tzinfo=UTC)
    return press.prefix + press.print(words, doc_id=DOC_ID, created=issued, credential=credential).data


@cache
def signature() -> bytes:
    """A signature with a clear background."""
    image = Image.new("RGBA", (300, 100))
    ImageDraw.Draw(image).line([(10, 80), (90, 10), (150, 90), (290, 30)], fill=(10, 10, 90, 255), width=6)
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def seen(pdf: bytes, dpi: int) -> Image.Image:
    """The first page as pdfium draws it."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        return document[0].render(scale=dpi / 72).to_pil().convert("L")
    finally:
        document.close()


def read(pdf: bytes) -> str:
    """The text of the first page as pdfium reads it, cleaned."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        return clean(document[0].get_textpage().get_text_bounded())
    finally:
        document.close()


def clean(text: str) -> str:
    """The text composed, without fillers and with single spaces."""
    kept = "".join(char for char in text if unicodedata.category(char) != "Cf" or char in "\u200c\u200d")
    return " ".join(unicodedata.normalize("NFC", kept).split())


def read_out(pdf: bytes) -> list[str]:
    """The lines of the page in the order of its structure. Fails if a mark is used twice or belongs nowhere."""
    document = pikepdf.open(io.BytesIO(pdf))
    page = document.pages[0]
    texts: dict[int, str] = {}
    for instruction in pikepdf.parse_content_stream(page):
        if str(instruction.operator) == "BDC":
            mark = int(instruction.operands[1].MCID)
            assert mark not in texts
            texts[mark] = str(instruction.operands[1].get("/ActualText", ""))
    root = document.Root.StructTreeRoot
    owners = root.ParentTree.Nums[1]
    found = []
    for element in root.K.K:
        for mark in element.K:
            assert owners[int(mark)].objgen == element.objgen
            found.append(texts.pop(int(mark)))
    assert texts == {}
    return found


def outlines_drawn(pdf: bytes) -> Iterator[tuple[str, int]]:
    """Every glyph that is drawn: its font, and which outline of it. Outline 0 is the box."""
    document = pikepdf.open(io.BytesIO(pdf))
    page = document.pages[0]
    fonts = page.Resources.Font
    name, places = "", b""
    for instruction in pikepdf.parse_content_stream(page):
        operands = list(instruction.operands)
        match str(instruction.operator):
            case "Tf":
                font = fonts[str(operands[0])].DescendantFonts[0]
                name, places = str(font.BaseFont), font.CIDToGIDMap.read_bytes()
            case "TJ":
                codes = b"".join(bytes(each) for each in operands[0] if isinstance(each, pikepdf.String))
                for at in range(0, len(codes), 2):
                    code = int.from_bytes(codes[at : at + 2], "big")
                    yield name, int.from_bytes(places[2 * code : 2 * code + 2], "big")


def fingerprint() -> str:
    """Of one certificate with several scripts and a picture."""
    told = values(recipient_name="Dr. सुनीता محترمہ", course_title=LINES["Taml"])
    return hashlib.sha256(printed(plate_of("classic", "en"), told)).hexdigest()


if __name__ == "__main__":
    print(fingerprint())
