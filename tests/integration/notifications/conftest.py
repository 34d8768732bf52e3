"""A real mail server, a stand-in for Twilio's, and a ledger on every kind of database."""

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from tests.support import databases, mail_server, sms_server
from tests.support import ledger as support
from tests.support.ledger import Ledger
from tests.support.town import ADA, BEN, CY, Town


@pytest.fixture
def sqlite_url(tmp_path: Path) -> Iterator[str]:
    """The URL of an empty database: for what depends on no database."""
    with databases.sqlite(tmp_path) as database:
        yield database.url


@pytest.fixture
def town(database_url: str) -> Iterator[Town]:
    with mail_server.running() as office, sms_server.running() as exchange:
        mail = f"smtp://127.0.0.1:{office.port}"
        sms = f"twilio://AC123:t0ken@+15005550006?base={exchange.url}&timeout=0.5"
        with support.opened(database_url, mail=mail, sms=sms, hook_secret="a secret of these tests") as ledger:
            yield Town(ledger, office, exchange)


@pytest.fixture
def book(town: Town) -> Ledger:
    return town.ledger


@pytest.fixture
def everybody(book: Ledger) -> list[UUID]:
    """Ada, who has both, Ben, who has email, and Cy, who has a mobile phone, are to be told."""
    for ref, contact in (("ada", ADA), ("ben", BEN), ("cy", CY)):
        book.award(ref, contact)
    return book.tell("ada", "ben", "cy")
