"""Pictures of all designs in all scripts, for the README and for whoever changes a design and has to look.

    python -m tests.support.pictures [DIR]

Writes one sheet for each design, and one certificate large, into examples/pictures. Look at every one of them.
"""

import argparse
import io
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from PIL import Image

from flask_certify.documents import images, shipped
from tests.support.documents import plate_of, printed, values

FOLDER = Path(__file__).parents[2] / "examples" / "pictures"
COLUMNS, WIDTH, GAP, LARGE = 3, 500, 10, 1120
COLOURS = 64  # of a sheet: enough to look at, and a quarter of the bytes


class Sample(NamedTuple):
    """What is printed in one script."""

    name: str
    course: str
    issuer: str
    language: str = "en"
    kind: str = "Certificate of Achievement"


SAMPLES = {
    "Latn": Sample("Rohiṇī Śrīnivāsa Iyer", "Foundational Literacy and Numeracy", "State Council of Education"),
    "Deva": Sample(
        "ज्ञानेश्वरी क्षत्रिय श्रीवास्तव",
        "बुनियादी साक्षरता एवं संख्या-ज्ञान",
        "राज्य शैक्षिक अनुसंधान परिषद्",
        "hi",
        "उपलब्धि प्रमाणपत्र",
    ),
    "Taml": Sample("தமிழ்ச்செல்வி கிருஷ்ணமூர்த்தி", "அடிப்படை எழுத்தறிவும் எண்ணறிவும்", "மாநிலக் கல்வியியல் குழுமம்"),
    "Telu": Sample("శ్రీనివాస్ కృష్ణమూర్తి", "ప్రాథమిక అక్షరాస్యత మరియు సంఖ్యా జ్ఞానం", "రాష్ట్ర విద్యా పరిశోధన మండలి"),
    "Knda": Sample("ಶ್ರೀನಿವಾಸ ಕೃಷ್ಣಪ್ಪ ಹೆಗ್ಡೆ", "ಮೂಲಭೂತ ಸಾಕ್ಷರತೆ ಮತ್ತು ಸಂಖ್ಯಾಜ್ಞಾನ", "ರಾಜ್ಯ ಶಿಕ್ಷಣ ಸಂಶೋಧನಾ ಪರಿಷತ್ತು"),
    "Mlym": Sample("ഉണ്ണിക്കൃഷ്ണൻ നമ്പൂതിരി", "അടിസ്ഥാന സാക്ഷരതയും സംഖ്യാബോധവും", "സംസ്ഥാന വിദ്യാഭ്യാസ ഗവേഷണ സമിതി"),
    "Beng": Sample("কৃষ্ণেন্দু ভট্টাচার্য", "প্রাথমিক সাক্ষরতা ও সংখ্যাজ্ঞান", "রাজ্য শিক্ষা গবেষণা পরিষদ"),
    "Gujr": Sample("કૃષ્ણા બ્રહ્મભટ્ટ ત્રિવેદી", "પાયાની સાક્ષરતા અને સંખ્યાજ્ઞાન", "રાજ્ય શૈક્ષણિક સંશોધન પરિષદ"),
    "Guru": Sample("ਗੁਰਪ੍ਰੀਤ ਸਿੰਘ ਗਰੇਵਾਲ", "ਮੁੱਢਲੀ ਸਾਖਰਤਾ ਅਤੇ ਅੰਕ ਗਿਆਨ", "ਰਾਜ ਵਿੱਦਿਅਕ ਖੋਜ ਪ੍ਰੀਸ਼ਦ"),
    "Orya": Sample("ଶ୍ରୀଧର ମହାପାତ୍ର", "ମୌଳିକ ସାକ୍ଷରତା ଓ ସଂଖ୍ୟାଜ୍ଞାନ", "ରାଜ୍ୟ ଶିକ୍ଷା ଗବେଷଣା ପରିଷଦ"),
    "Aran": Sample("محترمہ فاطمہ بیگم", "بنیادی خواندگی اور عددی صلاحیت", "ریاستی کونسل برائے تعلیمی تحقیق"),
    "Arab": Sample("فاطمة عبد الرحمن", "أساسيات القراءة والحساب", "المجلس التعليمي للولاية", "ar"),
}


def certificate(design: str, sample: Sample) -> bytes:
    """The PDF. A design that is not there in a language keeps its own words and dates, and takes the fonts."""
    pages = next(each for each in shipped.designs() if each.key == design).pages
    told = values(recipient_name=sample.name, course_title=sample.course, issuer_name=sample.issuer)
    told |= {"signatory.2.name": "Harish Nair", "signatory.2.designation": "Programme Head"}
    told |= {"achievement.title": sample.kind}
    if sample.language in pages:
        return printed(plate_of(design, sample.language), told)
    told |= {"award.date": "1 June 2026", "completion.date": "April 2026"}
    return printed(replace(plate_of(design, "en"), language=sample.language), told)


def sheet(design: str) -> Image.Image:
    """The design in all scripts."""
    made = [picture(certificate(design, sample), WIDTH) for sample in SAMPLES.values()]
    height, rows = made[0].height, -(-len(made) // COLUMNS)
    found = Image.new("RGB", (COLUMNS * (WIDTH + GAP) + GAP, rows * (height + GAP) + GAP), "#d8d8d8")
    for at, each in enumerate(made):
        column, row = at % COLUMNS, at // COLUMNS
        found.paste(each, (GAP + column * (WIDTH + GAP), GAP + row * (height + GAP)))
    return found


def picture(pdf: bytes, width: int) -> Image.Image:
    return Image.open(io.BytesIO(images.png(pdf, width))).convert("RGB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=FOLDER)
    folder = parser.parse_args().folder
    made = {design.key: sheet(design.key) for design in shipped.designs()}
    made["certificate"] = picture(certificate("classic", SAMPLES["Deva"]), LARGE)
    for name, image in made.items():
        path = folder / f"{name}.png"
        image.quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)
        print(f"{path.name}: {image.width} by {image.height}, {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
