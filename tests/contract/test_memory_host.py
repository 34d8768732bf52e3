"""The small LMS in memory keeps the promises that we ask of every adapter."""

import pytest

from flask_certify.testing.contracts import HostContract, HostSample
from tests.support.story import MIA, RUN, make_host


class TestMemoryHost(HostContract):
    @pytest.fixture
    def sample(self) -> HostSample:
        return HostSample(make_host(20), RUN, ("ada", "ben"), "wales", MIA)
