"""How fast the press prints, against xhtml2pdf on the same template in the same run, and a whole batch into ZIP files.

    python -m tests.bench.press [--batch 50000]

Prints figures and fails nothing: machines differ, so read the ratios.
"""

import argparse
import io
import multiprocessing
import resource
import tempfile
import time
import zlib
from pathlib import Path
from uuid import UUID

import lxml.html
from lxml.html.builder import STYLE
from xhtml2pdf import pisa

from flask_certify.core.files import FolderFiles
from flask_certify.core.ids import CODE_ALPHABET
from flask_certify.documents import fonts, layout, shipped
from flask_certify.documents.compiling import _compiled, compiled
from flask_certify.documents.painting import FitCheck
from flask_certify.documents.placeholders import Words, in_words, shared
from flask_certify.documents.press import Press
from flask_certify.documents.zipping import Part
from tests.support import names
from tests.support.documents import ADDRESS, values
from tests.support.story import NOW

CREDENTIAL = b'{"@context": ["https://www.w3.org/ns/credentials/v2"]}' * 30  # as long as a real one
LIMIT = 200_000_000
_SCRIPTS = (*["Latn"] * 8, *["Deva"] * 6, *names.SCRIPTS)
_MADE = {script: names.names(script, 40) for script in names.SCRIPTS}


def recipient(number: int) -> dict[str, object]:
    script = _SCRIPTS[number % len(_SCRIPTS)]
    code = "".join(CODE_ALPHABET[(number * 2654435761 >> 3 * place) % 32] for place in range(12))
    address = ADDRESS[:-12] + code
    return values(
        recipient_name=_MADE[script][number % 40],
        certificate_code=code,
        certificate_address=address,
        qr=address,
    )


def words(number: int) -> Words:
    return in_words(recipient(number), "en", "UTC")  # type: ignore[arg-type]


def make_press() -> Press:
    design = next(each for each in shipped.designs() if each.key == "classic")
    plate = compiled(design.pages["en"], "en", design.pictures)
    return Press(plate, shared(words(0)), lambda picture: b"")


def by_xhtml2pdf(number: int) -> bytes:
    """The same template laid out for one person, values in place of slots."""
    design = next(each for each in shipped.designs() if each.key == "classic")
    told = {**words(number)}
    page = lxml.html.document_fromstring(design.pages["en"])
    for picture in page.xpath("//img[@src]"):
        kind = layout.media_type(picture.get("src"))
        picture.set("src", layout._data_uri(design.pictures[picture.get("src")], kind))
    for slot in page.xpath("//img[@data-slot]"):
        text = lxml.html.builder.P(str(told.get(slot.get("data-slot"), "")))
        slot.getparent().replace(slot, text)
    page.head.insert(0, STYLE(layout._font_faces(layout._name_fonts(page, "en"))))
    out = io.BytesIO()
    policy = layout.ResourceAccessPolicy.server(
        base_dir=None, extra_roots=(fonts.FOLDER,), allow_remote=False, max_document_bytes=30_000_000
    )
    pisa.CreatePDF(lxml.html.tostring(page, encoding="unicode"), dest=out, resource_policy=policy)
    return out.getvalue()


def processor_ms(do: object, count: int) -> float:
    began = time.process_time()
    for number in range(count):
        do(number)  # type: ignore[operator]
    return (time.process_time() - began) * 1000 / count


def _of_children() -> float:
    """Seconds of processor of children that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def print_one(press: Press, number: int) -> tuple[bytes, int, int]:
    tail = press.print(words(number), doc_id=UUID(int=number), created=NOW, credential=CREDENTIAL)
    return tail.data, tail.crc, tail.size


def pack(folder: str, first: int, last: int) -> None:
    """What a worker does with its share of a batch, without the database."""
    press, files = make_press(), FolderFiles(Path(folder))
    at = first
    while at < last:
        with files.writing(f"{at:06d}.zip") as out:
            part = Part(out, NOW)
            while at < last:
                data, crc, size = print_one(press, at)
                name = f"{at:06d}_X.pdf"
                if not part.has_room(name, size, LIMIT):
                    break
                assert crc == zlib.crc32(data, press.prefix_crc)
                part.add(name, ("X", "id"), (press.prefix, data), crc)
                at += 1
            part.close({})
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"  process: {last - first} documents, {peak:.0f} MB at most", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batch", type=int, default=0)
    options = parser.parse_args()
    _compiled.cache_clear()
    began, spent = time.perf_counter(), _of_children()
    design = next(each for each in shipped.designs() if each.key == "classic")
    plate = compiled(design.pages["en"], "en", design.pictures)
    seconds, spent = time.perf_counter() - began, _of_children() - spent
    print(f"a template laid out: {seconds:.2f} s, {spent:.2f} s of processor")
    began = time.perf_counter()
    press = Press(plate, shared(words(0)), lambda picture: b"")
    print(
        f"a press from a plate: {(time.perf_counter() - began) * 1000:.0f} ms, prefix {len(press.prefix) / 1000:.1f} kB"
    )
    for number in range(100):
        print_one(press, number)
    ours = processor_ms(lambda number: print_one(press, number), 2000)
    tail = sum(len(print_one(press, number)[0]) for number in range(200)) / 200
    check = FitCheck(plate)
    fits = processor_ms(lambda number: check.check(recipient(number), "UTC"), 2000)  # type: ignore[arg-type]
    theirs = processor_ms(by_xhtml2pdf, 10)
    print(f"one certificate: {ours:.2f} ms, tail {tail / 1000:.1f} kB")
    print(f"by xhtml2pdf: {theirs:.1f} ms, {theirs / ours:.0f} times")
    print(f"a fit check: {fits:.3f} ms")
    if options.batch:
        with tempfile.TemporaryDirectory() as folder:
            began, half = time.perf_counter(), options.batch // 2
            workers = [
                multiprocessing.get_context("spawn").Process(target=pack, args=(folder, *share))
                for share in ((0, half), (half, options.batch))
            ]
            for worker in workers:
                worker.start()
            for worker in workers:
                worker.join()
            parts = list(Path(folder).glob("*.zip"))
            size = sum(part.stat().st_size for part in parts) / 1e9
            seconds = time.perf_counter() - began
            print(f"{options.batch} into {len(parts)} ZIP files: {seconds:.0f} s, {size:.1f} GB")


if __name__ == "__main__":
    main()
