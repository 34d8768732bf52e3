"""A template becomes a plate in a child process: with little memory, little time and none of our secrets.

Run as a program it is that child: the template as JSON on its input, the plate or a refusal on its output.
"""

import base64
import json
import os
import resource
import subprocess
import sys
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from ..core.children import no_more_than_left, python
from . import dialect, errors
from .errors import CompilerBroken, TemplateRefused, TooMuchWork
from .plate import Plate

MEMORY = 1 << 30  # bytes


class Patience(NamedTuple):
    """How many seconds a template may take; one of ours takes less than one of either."""

    processor: int
    clock: int


AT_ONCE = Patience(4, 10)
"""Somebody waits for the answer, or wants to save it."""
IN_THE_END = Patience(10, 30)
"""For one that was saved: on a slower machine, too, its certificates are printed."""
_REFUSED, _OUT_OF_MEMORY = 3, 4  # exit codes; with the first a refusal stands on the output

_KINDS = {
    each.code: each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, TemplateRefused)
}


def compiled(html: str, language: str, pictures: Mapping[str, bytes], patience: Patience | None = None) -> Plate:
    """The template as a plate. Raises TemplateRefused, of the kind that says what to change, and CompilerBroken.

    Takes a second; not for a transaction. Without other words somebody waits for it: `AT_ONCE`.
    """
    dialect.check(html, pictures.keys())
    packed = {name: base64.b64encode(data).decode() for name, data in pictures.items()}
    return _compiled(
        json.dumps({"html": html, "language": language, "pictures": packed, "memory": MEMORY}), patience or AT_ONCE
    )


@lru_cache(maxsize=4)  # few, since an order holds the pictures
def _compiled(order: str, patience: Patience) -> Plate:
    """Once per process: issuers who use a shipped design as it is share its plate."""
    try:
        child = subprocess.run(
            [python(), "-m", "flask_certify.documents.compiling", str(patience.processor)],
            input=order.encode(),
            capture_output=True,
            timeout=patience.clock,
            check=False,
            # Nothing of our own environment, which may hold keys.
            env={"PYTHONPATH": os.pathsep.join(sys.path), "PYTHONHASHSEED": "0", "LANG": "C.UTF-8"},
        )
    except subprocess.TimeoutExpired:
        raise TooMuchWork() from None
    except OSError as error:
        raise CompilerBroken(kind=type(error).__name__) from error
    if child.returncode == _REFUSED:
        refusal = json.loads(child.stdout)
        raise _KINDS[refusal["code"]](**refusal["values"])
    if child.returncode == _OUT_OF_MEMORY or child.returncode < 0:  # killed at a limit
        raise TooMuchWork()
    if child.returncode != 0:
        raise CompilerBroken(kind=_kind_of_error(child.stderr))
    return Plate.read(child.stdout)


def _kind_of_error(said: bytes) -> str:
    """The kind of error that ended the child, and nothing of what it was about."""
    last = said.decode(errors="replace").strip().rpartition("\n")[2]
    return last.partition(":")[0][:80]


def main() -> int:
    """The child. Its limits are set before the template is looked at."""
    from .harvest import harvest
    from .layout import lay_out

    order, seconds = json.load(sys.stdin), int(sys.argv[1])
    html, language = order["html"], order["language"]
    memory = no_more_than_left(resource.RLIMIT_AS, order["memory"])
    seconds = no_more_than_left(resource.RLIMIT_CPU, seconds)
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (memory, most))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    try:
        pictures = {name: base64.b64decode(data) for name, data in order["pictures"].items()}
        answer, code = harvest(lay_out(html, language, pictures), html, language).written(), 0
    except Exception as error:
        resource.setrlimit(resource.RLIMIT_AS, (most, most))  # what is said of it needs some memory, too
        if isinstance(error, MemoryError) or _most_taken() > 0.95 * memory:
            return _OUT_OF_MEMORY
        if not isinstance(error, TemplateRefused):
            raise
        answer, code = json.dumps({"code": error.code, "values": error.values}).encode(), _REFUSED
    sys.stdout.buffer.write(answer)
    return code


def _most_taken() -> int:
    """Bytes of address space. Libraries that find no memory raise many kinds of errors, and some hide them."""
    try:
        said = Path("/proc/self/status").read_text()
    except OSError:  # a system that does not count it does not limit it, either
        return 0
    return int(said.partition("VmPeak:")[2].split()[0]) * 1024


if __name__ == "__main__":
    sys.exit(main())
