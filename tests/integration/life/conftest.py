"""Certificates whose life is told in these tests."""

import pytest

from flask_certify.core.runtime import Runtime
from flask_certify.host.memory import MemoryHost
from tests.support.life import Life


@pytest.fixture
def life(rt: Runtime, host: MemoryHost) -> Life:
    return Life(rt, host)
