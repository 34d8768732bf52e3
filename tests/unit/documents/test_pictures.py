"""Pictures are decoded under a limit and encoded anew."""

import io
import struct
import zlib

import pytest
from PIL import Image

from flask_certify.documents.errors import NotAllowed, PictureRefused, TooManyPixels
from flask_certify.documents.pictures import check_together, normal


def encoded(image: Image.Image, kind: str, **how) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **how)
    return out.getvalue()


def test_a_palette_with_transparency_becomes_true_colour_with_alpha():
    image = Image.new("P", (20, 20), 1)
    image.putpalette([0, 0, 0, 250, 10, 10])
    found = Image.open(io.BytesIO(normal("seal.png", encoded(image, "PNG", transparency=0))))
    assert found.mode == "RGBA" and found.getpixel((5, 5)) == (250, 10, 10, 255)


def test_a_jpeg_of_a_printing_press_becomes_rgb():
    found = Image.open(io.BytesIO(normal("a.JPG", encoded(Image.new("CMYK", (20, 20), (0, 255, 255, 0)), "JPEG"))))
    red, green, blue = found.getpixel((5, 5))
    assert found.mode == "RGB" and red > 200 and green < 60 and blue < 60


def test_nothing_but_the_picture_is_left_of_a_file():
    data = encoded(Image.new("RGB", (20, 20)), "PNG") + b"<script>x</script>"
    assert b"script" not in normal("a.png", data)


@pytest.mark.parametrize(
    "data", [b"", b"GIF89a", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"\x89PNG\r\n\x1a\n" + b"x" * 50]
)
def test_what_is_no_picture_is_refused_by_name(data):
    with pytest.raises(PictureRefused, match=r"seal\.png"):
        normal("seal.png", data)


def test_a_small_file_that_would_be_a_huge_picture_is_refused_before_it_is_decoded():
    def chunk(tag, data):
        return struct.pack(">I", len(data)) + tag + data + struct.pack(">I", zlib.crc32(tag + data))

    head = struct.pack(">IIBBBBB", 50_000, 50_000, 1, 0, 0, 0, 0)
    body = zlib.compress(bytes(6251) * 200, 9)
    bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")
    with pytest.raises(PictureRefused, match="16 megapixels"):
        normal("a.png", bomb)


def test_many_pictures_that_are_small_as_files_and_huge_as_pictures_are_refused_together():
    each = encoded(Image.new("1", (3900, 3900)), "PNG")
    given = {f"{number}.png": each for number in range(3)}
    assert sum(map(len, given.values())) < 20_000
    with pytest.raises(TooManyPixels, match="40 megapixels together; these have 46"):
        check_together(given)
    check_together({"a.png": each, "b.png": b"no picture", "c.svg": b"<svg/>"})


@pytest.mark.parametrize("name", ["a.svg", "../a.png", ".png", "a b.png", "a.png/x", "a\n.png"])
def test_a_name_that_is_more_than_a_name_is_refused(name):
    with pytest.raises(NotAllowed):
        normal(name, encoded(Image.new("RGB", (20, 20)), "PNG"))


def test_a_photo_is_printed_upright_as_its_camera_says():
    """What says so is not kept, so it is obeyed before."""
    image, told = Image.new("RGB", (40, 20), "red"), Image.Exif()
    image.paste("blue", (20, 0, 40, 20))
    told[0x0112] = 6  # to be turned clockwise by a quarter
    found = Image.open(io.BytesIO(normal("a.jpg", encoded(image, "JPEG", exif=told))))
    assert found.size == (20, 40) and found.getpixel((10, 5))[0] > 200 and found.getpixel((10, 35))[2] > 200


def test_a_grey_picture_of_sixteen_bits_keeps_its_greys():
    found = Image.open(io.BytesIO(normal("a.png", encoded(Image.new("I;16", (20, 20), 0x7500), "PNG"))))
    assert found.mode == "RGB" and found.getpixel((5, 5)) == (0x75, 0x75, 0x75)


def test_a_photo_with_a_second_one_inside_stays_a_jpeg():
    image = Image.new("RGB", (20, 20), "red")
    data = normal("a.jpg", encoded(image, "MPO", save_all=True, append_images=[image]))
    assert Image.open(io.BytesIO(data)).format == "JPEG"
