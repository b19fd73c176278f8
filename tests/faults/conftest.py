"""The node that the tests of bad days share: each finds it running and leaves it sound."""

from collections.abc import Iterator

import pytest

from tests.faults.machine import Machine, find_processes, make_machine
from tests.nodes import call_down, node_directory


@pytest.fixture(scope="session")
def shared_machine() -> Iterator[Machine]:
    """One node of this session, without demonstration data, on a data directory of its own."""
    with node_directory() as data:
        machine = make_machine(data)
        try:
            yield machine
        finally:
            machine.close_console()
            call_down(data)
            assert find_processes(data) == {}


@pytest.fixture
def machine(shared_machine: Machine) -> Machine:
    """That node, up and answering, whatever the test before did to it."""
    shared_machine.start()
    return shared_machine
