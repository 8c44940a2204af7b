"""Fixtures of the stand-ins, and of the real engine; `tests/conftest.py` loads them."""

import asyncio
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from inference.endpoints import Endpoint, close_session
from inference.engine.environment import Engine
from inference.engine.guard import guarded
from inference.engine.plan import plan
from inference.engine.processes import tail
from inference.engine.spec import load_spec
from inference.engine.vllm_args import Launch, server_command
from inference.enums import ModelHealth
from inference.health import ProbeResult, probe
from tests.stubs.openai_server import StubServer

ROOT = Path(__file__).resolve().parents[2]
DEMO = ROOT / "docs" / "specs" / "demo.yaml"
SECONDS_TO_LOAD = 240.0


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


@dataclass(frozen=True)
class RealServer:
    """vLLM with the demo's model. For tests marked `vllm`."""

    endpoint: Endpoint
    pid: int
    log: Path

    @property
    def base_url(self) -> str:
        return self.endpoint.base_url

    @property
    def model_name(self) -> str:
        return self.endpoint.model_name


@pytest.fixture(scope="session")
def vllm_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealServer]:
    """The real engine with the demo's model on a free port, started once, which takes a minute."""
    with socket.socket() as probe_socket:
        probe_socket.bind(("127.0.0.1", 0))
        port = int(probe_socket.getsockname()[1])
    (server,) = plan(load_spec(DEMO))
    server = replace(server, port=port)
    command = server_command(server, Launch(ROOT, Engine().python))
    log = tmp_path_factory.mktemp("vllm") / "vllm.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            guarded(list(command.arguments)),
            env={**os.environ, **command.env},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        endpoint = Endpoint(server.base_url, server.model.name, first_token_timeout=120, silence_timeout=60)
        _wait_until_ready(endpoint, process, log)
        yield RealServer(endpoint, process.pid, log)
    finally:
        process.terminate()
        process.wait(timeout=60)


def _wait_until_ready(endpoint: Endpoint, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + SECONDS_TO_LOAD
    while asyncio.run(_probe(endpoint)).health != ModelHealth.READY:
        assert process.poll() is None, f"vLLM ended with code {process.returncode}:\n{tail(log, 40)}"
        assert time.monotonic() < deadline, f"vLLM is not ready:\n{tail(log, 40)}"
        time.sleep(1)


async def _probe(endpoint: Endpoint) -> ProbeResult:
    try:
        return await probe(endpoint, is_warming_up=True)
    finally:
        await close_session()
