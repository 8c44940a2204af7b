"""The processes of a run: the scripted model server, the arena on PostgreSQL and Redis, the bare relay."""

import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from os import getpid
from pathlib import Path

import psycopg
import redis

from bench.streaming.script import Pace
from tests.system.stack import BIN, ROOT, Stack, free_port

_DATABASE = f"lehia_bench_streaming_{getpid()}"


@dataclass(frozen=True)
class Services:
    """Where PostgreSQL and Redis are."""

    postgres: str
    redis: str


@contextmanager
def model_server(pace: Pace) -> Iterator[str]:
    """The scripted server; gives its base URL."""
    port = free_port()
    command = [sys.executable, "-m", "bench.streaming.model_server", "--port", str(port)]
    command += ["--tokens", str(pace.tokens), "--rate", str(pace.rate)]
    base_url = f"http://127.0.0.1:{port}/v1"
    with _running(command, f"{base_url}/models"):
        yield base_url


@contextmanager
def relay(base_url: str) -> Iterator[tuple[str, int]]:
    """The bare relay under one gunicorn worker; gives its address and process id."""
    port = free_port()
    command = [str(BIN / "gunicorn"), f"bench.streaming.relay:application('{base_url}')", "--worker-class", "asgi"]
    command += ["--bind", f"127.0.0.1:{port}", "--no-control-socket", "--log-level", "warning"]
    with _running(command, f"http://127.0.0.1:{port}/") as process:
        yield f"ws://127.0.0.1:{port}", process.pid


@contextmanager
def arena(folder: Path, services: Services, workers: int) -> Iterator[tuple[Stack, int]]:
    """The arena as in production, on a database of its own; gives the stack and the web server's process id."""
    with psycopg.connect(f"{services.postgres}/postgres", autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {_DATABASE} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {_DATABASE}")
    redis.Redis.from_url(services.redis).flushdb()
    folder.mkdir(parents=True, exist_ok=True)
    env = {
        "LEHIA_DATABASE_URL": f"{services.postgres}/{_DATABASE}",
        "LEHIA_REDIS_URL": services.redis,
        "LEHIA_BROKER_URL": services.redis,
        "LEHIA_LOG_LEVEL": "WARNING",
        "WEB_CONCURRENCY": str(workers),
    }
    try:
        with Stack(folder, env) as stack:
            stack.start_web()
            yield stack, stack.processes["web"].pid
    finally:
        with psycopg.connect(f"{services.postgres}/postgres", autocommit=True) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {_DATABASE} WITH (FORCE)")
        redis.Redis.from_url(services.redis).flushdb()


@contextmanager
def _running(command: list[str], url: str) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(command, cwd=ROOT)
    try:
        _wait_for(url, process)
        yield process
    finally:
        process.terminate()
        try:
            process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    for _try in range(100):
        if process.poll() is not None:
            raise RuntimeError(f"{process.args!r} ended with code {process.returncode}")
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"nothing answers at {url}")
