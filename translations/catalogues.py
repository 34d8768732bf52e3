"""Compiles the catalogues: beside every .po the .mo that a running program reads.

The build backend calls it before every build. An editable install is built once only, so whoever edits a
catalogue afterwards calls it too: `python translations/catalogues.py`, or `make words`.
"""

from io import BytesIO
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

HERE = Path(__file__).resolve().parent


def sources(folder: Path = HERE) -> list[Path]:
    """Every catalogue in the folder, by language."""
    return sorted(folder.glob("*/LC_MESSAGES/*.po"))


def compiled(source: Path) -> bytes:
    """What the .mo beside this .po must hold. The same source always gives the same bytes."""
    with source.open("rb") as words:
        catalogue = read_po(words, locale=source.parts[-3], domain=source.stem, abort_invalid=True)
    made = BytesIO()
    write_mo(made, catalogue)
    return made.getvalue()


def compile_all(folder: Path = HERE) -> None:
    """Write the .mo of every .po. Doing it twice changes nothing."""
    for source in sources(folder):
        source.with_suffix(".mo").write_bytes(compiled(source))


if __name__ == "__main__":
    compile_all()
