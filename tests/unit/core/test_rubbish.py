"""Python's search for rubbish, put off and taken up again."""

import gc
import threading
from collections.abc import Iterator

import pytest

from flask_certify.core.rubbish import not_searched
from flask_certify.issuing import jobs


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    gc.enable()
    yield
    gc.enable()


def test_nothing_is_searched_for_meanwhile_and_everything_again_afterwards() -> None:
    with not_searched():
        assert not gc.isenabled()
    assert gc.isenabled()


def test_it_is_taken_up_again_after_trouble() -> None:
    with pytest.raises(ValueError, match="trouble"), not_searched():
        raise ValueError("trouble")
    assert gc.isenabled()


def test_whoever_has_switched_it_off_for_good_keeps_it_off() -> None:
    gc.disable()
    with not_searched():
        pass
    assert not gc.isenabled()


def test_of_two_threads_the_one_that_ends_last_takes_it_up_again() -> None:
    began, may_end = threading.Event(), threading.Event()

    def work() -> None:
        with not_searched():
            began.set()
            may_end.wait(10)

    other = threading.Thread(target=work)
    other.start()
    began.wait(10)
    with not_searched():
        pass
    assert not gc.isenabled()
    may_end.set()
    other.join()
    assert gc.isenabled()


def test_it_is_put_off_for_issuing_whose_chunks_are_small() -> None:
    """R-249: a chunk is a thousand learners at most, and all that is made for them is stored."""
    assert [name for name, kind in jobs.KINDS.items() if kind.keeps_all] == [jobs.ISSUE]
