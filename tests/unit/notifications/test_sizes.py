"""How long an SMS is for those who carry it."""

import pytest

from flask_certify.notifications.sizes import Size, size_of


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("a" * 160, Size(160, 1, True)),
        ("a" * 161, Size(161, 2, True)),
        ("a" * 306, Size(306, 2, True)),
        ("a" * 307, Size(307, 3, True)),
        ("€" * 80, Size(160, 1, True)),
        ("a" * 159 + "ş", Size(160, 3, False)),
        ("न" * 70, Size(70, 1, False)),
        ("न" * 71, Size(71, 2, False)),
        ("😀" * 35, Size(70, 1, False)),
        ("", Size(0, 1, True)),
    ],
)
def test_one_letter_of_another_alphabet_makes_a_text_several_parts(text: str, size: Size) -> None:
    assert size_of(text) == size
