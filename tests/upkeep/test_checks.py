"""The tools that look at all of the code at once."""

import sys
from pathlib import Path

import pytest

from tests.support import house

TOOLS = Path(sys.executable).parent


@pytest.mark.parametrize(
    "check",
    [
        pytest.param(["ruff", "check", "--no-cache"], id="no mistake that ruff knows"),
        pytest.param(["mypy"], id="every type fits, strictly"),
        pytest.param(["lint-imports", "--no-cache"], id="a package uses only those on lines beneath it"),
    ],
)
def test_the_whole_house_has(check: list[str]) -> None:
    house.run(TOOLS / check[0], *check[1:])
