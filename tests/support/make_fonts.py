"""Makes flask_certify/documents/fonts/ anew from published packages. Needed only to take newer drawings.

    npm install --prefix FOLDER $(python tests/support/make_fonts.py --packages)
    python tests/support/make_fonts.py FOLDER/node_modules flask_certify/documents/fonts

Hinting is dropped: it is of no use on paper. The Latin faces are cut to Latin and punctuation, because they also
hold Devanagari, Greek and Cyrillic and, standing first, would take Devanagari from the face that is meant for it.
"""

import argparse
import hashlib
import json
import re
from collections.abc import Iterable
from pathlib import Path

import uharfbuzz as hb

SCOPE = "@expo-google-fonts/"
STYLES = {"regular": "400Regular", "bold": "700Bold"}
LATIN = (
    (0x20, 0x7E),
    (0xA0, 0x24F),
    (0x2B0, 0x36F),
    (0x1E00, 0x1EFF),
    (0x2000, 0x206F),
    (0x20A0, 0x20CF),
    (0x2100, 0x214F),
    (0x2212, 0x2212),
    (0xFB00, 0xFB06),
)

# Family, the package and version it comes from, and the scripts (ISO 15924) it is here for.
SOURCES = (
    ("NotoSans", "noto-sans@0.4.2", ("Latn",)),
    ("NotoSerif", "noto-serif@0.4.2", ("Latn",)),
    ("NotoSansDevanagari", "noto-sans-devanagari@0.4.1", ("Deva",)),
    ("NotoSansTamil", "noto-sans-tamil@0.4.3", ("Taml",)),
    ("NotoSansTelugu", "noto-sans-telugu@0.4.2", ("Telu",)),
    ("NotoSansKannada", "noto-sans-kannada@0.4.3", ("Knda",)),
    ("NotoSansMalayalam", "noto-sans-malayalam@0.4.2", ("Mlym",)),
    ("NotoSansBengali", "noto-sans-bengali@0.4.4", ("Beng",)),
    ("NotoSansGujarati", "noto-sans-gujarati@0.4.2", ("Gujr",)),
    ("NotoSansGurmukhi", "noto-sans-gurmukhi@0.4.1", ("Guru",)),
    ("NotoSansOriya", "noto-sans-oriya@0.4.2", ("Orya",)),
    ("NotoNaskhArabic", "noto-naskh-arabic@0.4.5", ("Arab",)),
    ("NotoNastaliqUrdu", "noto-nastaliq-urdu@0.4.2", ("Aran",)),
)


def make(packages: Path, out: Path) -> list[dict[str, object]]:
    """Writes the font files, their licence and their index; returns the index."""
    out.mkdir(parents=True, exist_ok=True)
    faces, notices = [], []
    for family, source, scripts in SOURCES:
        name, _, version = source.partition("@")
        package = packages / SCOPE / name
        found = json.loads((package / "package.json").read_text())["version"]
        if found != version:
            raise SystemExit(f"{name}: version {version} is wanted, {found} is there")
        notice, _, licence = (package / "LICENSE_FONT").read_text().partition("\n")
        notices.append(f"{family}: {notice}")
        for style, folder in STYLES.items():
            data = (package / folder / f"{family}_{folder}.ttf").read_bytes()
            faces.append(_face(out, family, style, data, scripts) | {"package": SCOPE + source, "copyright": notice})
    (out / "OFL.txt").write_text("\n".join([*notices, licence]))
    (out / "index.json").write_text(json.dumps(faces, indent=1) + "\n")
    return faces


def _face(out: Path, family: str, style: str, data: bytes, scripts: tuple[str, ...]) -> dict[str, object]:
    cut = reduce(data, LATIN if "Latn" in scripts else None)
    file = f"{family}-{style}.ttf"
    (out / file).write_bytes(cut)
    return {
        "file": file,
        "family": family,
        "style": style,
        "version": _version(data),
        "sha256": hashlib.sha256(cut).hexdigest(),
        "licence": "OFL-1.1",
        "scripts": list(scripts),
        "covers": ranges(hb.Face(hb.Blob(cut)).unicodes),
    }


def reduce(data: bytes, keep: Iterable[tuple[int, int]] | None) -> bytes:
    """The font without hinting, and with these characters only if any are named."""
    order = hb.SubsetInput()
    if keep is None:
        order.keep_everything()
        order.flags = hb.SubsetFlags.NO_HINTING | hb.SubsetFlags.RETAIN_GIDS | hb.SubsetFlags.NOTDEF_OUTLINE
    else:
        order.flags = hb.SubsetFlags.NO_HINTING | hb.SubsetFlags.NOTDEF_OUTLINE
        for first, last in keep:
            for code in range(first, last + 1):
                order.unicode_set.add(code)
    return bytes(hb.subset(hb.Face(hb.Blob(data)), order).blob.data)


def ranges(codes: Iterable[int]) -> str:
    """`20-7e a0` for 0x20 to 0x7e and 0xa0."""
    spans: list[list[int]] = []
    for code in sorted(codes):
        if spans and code == spans[-1][1] + 1:
            spans[-1][1] = code
        else:
            spans.append([code, code])
    return " ".join(f"{first:x}" if first == last else f"{first:x}-{last:x}" for first, last in spans)


def _version(data: bytes) -> str:
    """From the name table, where it stands as `Version 2.004;…`."""
    names = hb.Face(hb.Blob(data))
    found = re.search(r"\d+\.\d+", names.get_name(hb.OTNameIdPredefined.VERSION_STRING) or "")
    if not found:
        raise SystemExit("a font without a version")
    return found.group()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--packages", action="store_true", help="print the packages to install, and stop")
    parser.add_argument("node_modules", type=Path, nargs="?")
    parser.add_argument("out", type=Path, nargs="?")
    asked = parser.parse_args()
    if asked.packages:
        print(*(SCOPE + source for _, source, _ in SOURCES))
        return
    if not asked.node_modules or not asked.out:
        parser.error("name the folder of the packages and the folder to write to")
    faces = make(asked.node_modules, asked.out)
    size = sum((asked.out / str(face["file"])).stat().st_size for face in faces)
    print(f"{len(faces)} files, {size:,} bytes")


if __name__ == "__main__":
    main()
