"""Fixtures of the stand-ins; `tests/conftest.py` loads them."""

from collections.abc import Iterator

import pytest

from tests.stubs.openai_server import StubServer


@pytest.fixture(scope="session")
def running_openai_server() -> Iterator[StubServer]:
    """The scripted model server, started once."""
    server = StubServer()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def openai_server(running_openai_server: StubServer) -> StubServer:
    """The scripted model server, with nothing told to it and nothing seen yet."""
    running_openai_server.reset()
    return running_openai_server
