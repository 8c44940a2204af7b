"""`make test` and `make test-fast`: find what the machine has, say what it lacks, and run pytest."""

import argparse
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NEEDS = ("postgres", "redis", "rabbitmq", "browser", "vllm", "processes", "thorough", "migrated")
POSTGRES_URL = "postgresql://postgres@127.0.0.1:5432/lehia"
REDIS_URL = "redis://127.0.0.1:6379/7"


@dataclass(frozen=True)
class Round:
    """One run of pytest."""

    title: str
    arguments: tuple[str, ...]
    env: dict[str, str]


def fast(workers: int) -> Round:
    """SQLite, nothing beside it, on every core."""
    none = " and ".join(f"not {need}" for need in NEEDS)
    return Round("SQLite, in process", ("-m", none, "-n", str(workers), "--no-migrations"), {})


def everything() -> Round:
    """All tests, over real connections. The tests themselves say what is missing."""
    env = {}
    for name, default, answers in (
        ("LEHIA_DATABASE_URL", POSTGRES_URL, _postgres_answers),
        ("LEHIA_REDIS_URL", REDIS_URL, _redis_answers),
    ):
        url = os.environ.get(name) or default
        if os.environ.get(name) or answers(url):
            env[name] = url
    return Round("everything, over real connections", (), env)


def _postgres_answers(url: str) -> bool:
    import psycopg

    try:
        psycopg.connect(url.rpartition("/")[0] + "/postgres", connect_timeout=3).close()
    except psycopg.OperationalError:
        return False
    return True


def _redis_answers(url: str) -> bool:
    import redis

    client = redis.Redis.from_url(url, socket_connect_timeout=3)
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False
    finally:
        client.close()


def run(chosen: Round) -> int:
    """Run pytest; its exit code."""
    print(f"== Tests: {chosen.title}", flush=True)
    started = time.monotonic()
    command = [sys.executable, "-m", "pytest", "-q", *chosen.arguments]
    code = subprocess.run(command, cwd=ROOT, env={**os.environ, **chosen.env}).returncode
    print(f"== {chosen.title}: {time.monotonic() - started:.0f} s, exit code {code}", flush=True)
    return code


def main() -> int:
    """Run one or both rounds; the first exit code that is not 0."""
    parser = argparse.ArgumentParser(description="Run the tests.")
    parser.add_argument("which", choices=["fast", "all"])
    which = parser.parse_args().which
    workers = min(os.cpu_count() or 1, 8)
    rounds = [fast(workers)] if which == "fast" else [fast(workers), everything()]
    codes = [run(chosen) for chosen in rounds]
    return next((code for code in codes if code), 0)


if __name__ == "__main__":
    sys.exit(main())
