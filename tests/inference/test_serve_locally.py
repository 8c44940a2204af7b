"""`serve_models` on this machine from its start to its end, with scripted servers for engines."""

import os
import signal
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from inference.engine.processes import port_is_free
from tests.inference.serving import ServeModels
from tests.processes import listener
from tests.stubs.fake_engine import write_fake_engine

pytestmark = pytest.mark.processes


def free_range(count: int) -> int:
    """The first of so many free ports in a row."""
    for first in range(20000, 30000, count):
        with ExitStack() as stack:
            try:
                for port in range(first, first + count):
                    stack.enter_context(socket.socket()).bind(("127.0.0.1", port))
            except OSError:
                continue
            return first
    raise AssertionError("no free ports")


@pytest.fixture
def first_port() -> int:
    return free_range(3)


@pytest.fixture
def serving(tmp_path: Path, first_port: int) -> Iterator[ServeModels]:
    spec = f"""\
hosts: [{{name: localhost, ports: {first_port}-{first_port + 2}}}]
models:
  - {{name: twin, hub_id: a/twin, replicas: 2}}
  - {{name: broken, hub_id: a/broken}}
"""
    started = ServeModels(tmp_path, spec, "--python", str(write_fake_engine(tmp_path)))
    try:
        started.until("twin#1: ready after", "twin#2: ready after", "no such weights")
        yield started
    finally:
        started.end()


def test_replicas_stand_in_for_each_other_and_everything_ends(serving: ServeModels, first_port: int) -> None:
    serving.until_health(twin="ready", broken="failing")
    assert any("broken: ended with code 3 while loading; trying again" in line for line in serving.lines)

    os.kill(listener(first_port), signal.SIGKILL)
    serving.until("twin#1: ended with code 137; trying again")
    assert serving.models()["twin"]["health"] == "ready"
    serving.until("twin#1: ready after")

    assert serving.stop(signal.SIGTERM) == 0
    assert all(port_is_free(port) for port in range(first_port, first_port + 3))
    assert "Traceback" not in "".join(serving.lines)
    assert serving.models()["twin"]["health"] == "failing"


def test_a_server_waits_while_another_loads(serving: ServeModels) -> None:
    assert any("waits until another server is loaded" in line for line in serving.lines)
