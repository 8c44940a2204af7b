"""`make test` and `make test-fast`: find what the machine has, say what it lacks, and run pytest."""

import argparse
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TRAINING_VENV = ROOT / ".venv-training"
NEEDS = ("postgres", "redis", "rabbitmq", "browser", "vllm", "processes", "thorough", "migrated")
#: Left out of `make test-fast` only, so that it ends within a minute.
LONGER = ("longer",)
#: Tests that start programs of their own.
APART = ("redis", "rabbitmq", "browser", "vllm", "processes")
#: The longest tests are named at the end.
PATIENT = ("--durations", "15")
#: One second try for a test that talks to other processes, named in the summary (ADR 38).
AGAIN = ("--reruns", "1", "-rR")
POSTGRES_URL = "postgresql://postgres@127.0.0.1:5432/lehia"
REDIS_URL = "redis://127.0.0.1:6379/7"


@dataclass(frozen=True)
class Round:
    """One run of pytest."""

    title: str
    arguments: tuple[str, ...]
    env: dict[str, str]
    python: str = sys.executable


def fast(workers: int) -> Round:
    """What is quick on SQLite, with nothing beside it, on every core."""
    return _on_sqlite("SQLite, what is quick", NEEDS + LONGER, workers)


def on_sqlite(workers: int) -> Round:
    """All that needs no more than SQLite, on every core."""
    return _on_sqlite("SQLite, in process", NEEDS, workers)


def _on_sqlite(title: str, without: tuple[str, ...], workers: int) -> Round:
    return Round(title, ("-m", _none_of(without), "-n", str(workers), "--no-migrations"), {})


def over_services(workers: int) -> Round:
    """What runs in the test's own process, over PostgreSQL and Redis, on every core."""
    return Round(
        "in process, over PostgreSQL and Redis",
        ("-m", _none_of(APART), "-n", str(workers), *PATIENT),
        _service_urls(),
    )


def with_programs(workers: int) -> Round:
    """Programs and browsers, a folder at a time on each of two cores; the tests say what is missing.

    They wait more than they work, and hold with both at once; more of them at a time would only measure each other.
    """
    some = f"({' or '.join(APART)}) and not vllm"
    return Round(
        "programs and browser",
        ("-m", some, "-n", str(min(workers, 2)), "--dist", "loadgroup", *AGAIN, *PATIENT),
        _service_urls(),
    )


def with_the_engine() -> Round:
    """The model engine, which works all cores while it loads a model, and has them to itself."""
    return Round("model engine", ("-m", "vllm", *AGAIN, *PATIENT), _service_urls())


def of_training(workers: int) -> Round:
    """Training, in the environment that has torch; a thread a process, since the processes fill the cores."""
    env = {"OMP_NUM_THREADS": "1"}
    arguments = ("tests/training", "-n", str(workers), "--no-migrations", *PATIENT)
    return Round("training", arguments, env, str(TRAINING_VENV / "bin" / "python"))


def _none_of(markers: tuple[str, ...]) -> str:
    return " and ".join(f"not {marker}" for marker in markers)


def _service_urls() -> dict[str, str]:
    """Where PostgreSQL and Redis are: as said in the environment, or where they are by default, if they answer."""
    env = {}
    for name, default, answers in (
        ("LEHIA_DATABASE_URL", POSTGRES_URL, _postgres_answers),
        ("LEHIA_REDIS_URL", REDIS_URL, _redis_answers),
    ):
        url = os.environ.get(name) or default
        if os.environ.get(name) or answers(url):
            env[name] = url
    return env


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
    command = [chosen.python, "-m", "pytest", "-q", *chosen.arguments]
    code = subprocess.run(command, cwd=ROOT, env={**os.environ, **chosen.env}).returncode
    print(f"== {chosen.title}: {time.monotonic() - started:.0f} s, exit code {code}", flush=True)
    return code


def main() -> int:
    """Run one or all rounds; the first exit code that is not 0."""
    parser = argparse.ArgumentParser(description="Run the tests.")
    parser.add_argument("which", choices=["fast", "all"])
    which = parser.parse_args().which
    workers = min(os.cpu_count() or 1, 8)
    rounds = [fast(workers)]
    if which == "all":
        rounds = [on_sqlite(workers), over_services(workers), with_programs(workers), with_the_engine()]
        if TRAINING_VENV.exists():
            rounds.append(of_training(workers))
        else:
            print("== Tests: training is left out: `make training` has not installed what it needs.", flush=True)
    codes = [run(chosen) for chosen in rounds]
    return next((code for code in codes if code), 0)


if __name__ == "__main__":
    sys.exit(main())
