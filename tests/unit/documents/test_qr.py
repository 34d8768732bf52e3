"""The QR code is read by another program, and is as large as paper asks."""

import pytest
import zxingcpp

from flask_certify.core.ids import CODE_ALPHABET, new_code
from flask_certify.documents import qr
from flask_certify.documents.errors import QrTooDense
from tests.support.documents import ADDRESS, plate_of, printed, seen, values

MILLIMETRE = 72 / 25.4


@pytest.mark.parametrize("dpi", [72, 100, 150, 300])
def test_a_printed_code_is_read_back(dpi):
    page = seen(printed(plate_of("classic", "en"), values()), dpi)
    assert [found.text for found in zxingcpp.read_barcodes(page)] == [ADDRESS]


def test_any_code_can_be_read_although_the_mask_never_changes():
    for start in range(len(CODE_ALPHABET)):
        address = "https://certs.example.org/certify/v/" + "".join(
            CODE_ALPHABET[(start + 5 * step) % len(CODE_ALPHABET)] for step in range(12)
        )
        page = seen(printed(plate_of("classic", "en"), values(qr=address)), 100)
        assert [found.text for found in zxingcpp.read_barcodes(page)] == [address]


def test_codes_of_one_issuer_are_all_of_one_size():
    sizes = {len(qr.modules(f"https://certs.example.org/certify/v/{new_code()}")) for _ in range(20)}
    assert sizes == {33}


def test_dark_modules_side_by_side_are_one_bar():
    drawn = qr.drawn("https://a.example/v/1", 0, 0, 30 * MILLIMETRE)
    assert drawn.count(" re") < sum(map(sum, qr.modules("https://a.example/v/1"))) + 1
    assert drawn.count("\nf") == 1


def test_codes_of_one_issuer_are_the_librarys_bit_for_bit():
    """Some hundred of them, made by exclusive-or."""
    codes = qr.Codes(ADDRESS)
    for _ in range(120):
        address = ADDRESS[:-12] + new_code()
        assert codes.drawn(address, 3, 4, 90) == qr.drawn(address, 3, 4, 90)


@pytest.mark.parametrize(
    "other", [ADDRESS + "7", ADDRESS[:-1], "https://other.example.org/certify/v/7G4K9QXM2TPD", "é"]
)
def test_a_code_of_another_shape_is_made_by_the_library(other):
    codes = qr.Codes(ADDRESS)
    for _ in range(20):
        codes.bits(ADDRESS)
    assert codes.drawn(other, 0, 0, 90) == qr.drawn(other, 0, 0, 90)


def test_a_code_too_dense_for_paper_is_refused():
    with pytest.raises(QrTooDense, match="25 mm"):
        qr.drawn("https://certs.example.org/" + "x" * 600, 0, 0, 25 * MILLIMETRE)


def test_a_plan_made_before_the_first_code_draws_the_same_code():
    address = "https://a-much-longer-name.example.org/certificates/v/7G4K9QXM2TPD"
    qr.plan(address)
    codes = qr.Codes(address)
    assert codes.drawn(address, 3, 4, 120) == qr.drawn(address, 3, 4, 120)
