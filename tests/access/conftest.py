"""Fresh counters of failures for each test of accounts."""

import pytest

from register.api.limits import counters
from tests.conftest import needs_services


@pytest.fixture(autouse=True)
def fresh_counters(request: pytest.FixtureRequest) -> None:
    if needs_services(request.node):
        counters().flushdb()
