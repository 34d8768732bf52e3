"""Issuers with a key of their own, on each kind of database in turn."""

from collections.abc import Iterator

import pytest

from flask_certify.achievements.service import IssuerView
from flask_certify.core.runtime import Runtime
from tests.support.databases import Database
from tests.support.issuers import add_issuer, running


@pytest.fixture
def rt(database: Database) -> Iterator[Runtime]:
    with running(database.url) as runtime:
        yield runtime


@pytest.fixture
def ka(rt: Runtime) -> IssuerView:
    return add_issuer(rt, "ka")


@pytest.fixture
def mh(rt: Runtime) -> IssuerView:
    return add_issuer(rt, "mh")
