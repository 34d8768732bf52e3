"""Programs of the system that look at our documents: readers that had no part in making them."""

import shutil
import subprocess
from pathlib import Path

PACKAGES = {"pdftotext": "poppler-utils", "pdfinfo": "poppler-utils", "qpdf": "qpdf", "hb-shape": "libharfbuzz-bin"}


def run(program: str, *arguments: str | Path) -> str:
    """What the program says. A missing program is told in a sentence, and nothing is passed over."""
    if shutil.which(program) is None:
        raise AssertionError(f"The tests need {program}: apt-get install {PACKAGES[program]}")
    return subprocess.run([program, *map(str, arguments)], capture_output=True, check=True).stdout.decode()
