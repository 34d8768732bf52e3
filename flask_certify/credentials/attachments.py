"""The credential inside a PDF that somebody hands in, read in a child process: with little memory, little time and none
of our secrets. What a PDF keeps packed, its own objects included, may unpack to more than there is memory.

Run as a program it is that child: the PDF on its input, what was attached on its output.
"""

import os
import resource
import subprocess
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from threading import BoundedSemaphore

from ..core.children import no_more_than_left, python
from ..core.errors import Unavailable
from .carriers import LONGEST, NothingCarried, text_of

ATTACHED = "credential.json"
_MEMORY = 512 << 20  # bytes; one of ours takes a tenth of it
_UNPACKED = 32 << 20  # bytes of one stream of a PDF
_PROCESSOR_SECONDS, _CLOCK_SECONDS = 5, 10
_AT_ONCE, _PATIENCE_SECONDS = 2, 10
_NOTHING, _TOO_MUCH = 3, 4  # exit codes

_seats = BoundedSemaphore(_AT_ONCE)


def read_pdf(pdf: bytes) -> str:
    """The attached credential.json. Raises NothingCarried, also for what takes more than a PDF may take, and
    Unavailable while too many others are being read."""
    with _seat():
        try:
            child = subprocess.run(
                [python(), "-P", "-m", __name__],
                input=pdf,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                timeout=_CLOCK_SECONDS,
                check=False,
                # Nothing of our own environment, which may hold keys.
                env={"PYTHONPATH": os.pathsep.join(sys.path), "LANG": "C.UTF-8"},
            )
        except subprocess.TimeoutExpired:
            raise NothingCarried("takes too long") from None
        except OSError as error:
            raise Unavailable() from error
    if child.returncode in (_NOTHING, _TOO_MUCH) or child.returncode < 0:  # killed at a limit
        raise NothingCarried("nothing attached, or not readable as PDF")
    if child.returncode != 0:
        raise Unavailable()
    return text_of(child.stdout)


@contextmanager
def _seat() -> Iterator[None]:
    """So that many who hand in PDFs at once do not take the machine from everybody else."""
    if not _seats.acquire(timeout=_PATIENCE_SECONDS):
        raise Unavailable()
    try:
        yield
    finally:
        _seats.release()


# ---- the child -----------------------------------------------------------------------------------------------------


def main() -> int:
    """Its limits are set before the PDF is looked at."""
    import pikepdf

    pdf = sys.stdin.buffer.read()
    _limit()
    try:
        with pikepdf.open(BytesIO(pdf)) as document:
            attached = document.attachments.get(ATTACHED)
            if attached is None:
                return _NOTHING
            data = _unpacked(attached.get_file().obj)
    except MemoryError:
        return _TOO_MUCH
    except Exception:  # a library of others reads what anybody may have made: whatever it says, nothing can be read
        return _NOTHING
    sys.stdout.buffer.write(data[: LONGEST + 1])
    return 0


def _limit() -> None:
    from pikepdf import settings

    settings.set_qpdf_limits(
        flate_max_memory=_UNPACKED,
        run_length_max_memory=_UNPACKED,
        png_max_memory=_UNPACKED,
        tiff_max_memory=_UNPACKED,
        max_stream_filters=2,
    )
    for what, most in (
        (resource.RLIMIT_AS, _MEMORY),
        (resource.RLIMIT_CPU, _PROCESSOR_SECONDS),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        allowed = no_more_than_left(what, most)
        resource.setrlimit(what, (allowed, allowed))


def _unpacked(stream: object) -> bytes:
    """The attached bytes, unpacked no further than a credential can be long."""
    raw: bytes = stream.read_raw_bytes()  # type: ignore[attr-defined]
    packing = str(stream.get("/Filter", ""))  # type: ignore[attr-defined]
    if packing == "":
        return raw
    if packing != "/FlateDecode":
        raise NothingCarried("packed in a way that we do not use")
    return zlib.decompressobj().decompress(raw, LONGEST + 1)


if __name__ == "__main__":
    sys.exit(main())
