"""Stacks: the embedded default, and the servers of production."""

import os
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from tests.services import POSTGRES_SERVER, REDIS_DATABASE_FOR_STACKS
from tests.system.stack import Stack

MakeStack = Callable[..., Stack]


@pytest.fixture
def postgres_database() -> Iterator[str]:
    """The URL of a fresh PostgreSQL database, dropped at the end."""
    name = f"lehia_stack_{os.getpid()}_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(f"{POSTGRES_SERVER}/postgres", autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    yield f"{POSTGRES_SERVER}/{name}"
    with psycopg.connect(f"{POSTGRES_SERVER}/postgres", autocommit=True) as connection:
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture(
    params=[
        pytest.param("embedded", marks=pytest.mark.processes),
        pytest.param("redis", marks=[pytest.mark.processes, pytest.mark.postgres, pytest.mark.redis]),
        pytest.param("rabbitmq", marks=[pytest.mark.processes, pytest.mark.postgres, pytest.mark.rabbitmq]),
    ]
)
def stack_env(request: pytest.FixtureRequest) -> dict[str, str]:
    """The environment of each kind of deployment."""
    if request.param == "embedded":
        return {}
    database = request.getfixturevalue("postgres_database")
    if request.param == "redis":
        url = REDIS_DATABASE_FOR_STACKS
        return {"LEHIA_DATABASE_URL": database, "LEHIA_REDIS_URL": url, "LEHIA_BROKER_URL": url}
    return {
        "LEHIA_DATABASE_URL": database,
        "LEHIA_REDIS_URL": REDIS_DATABASE_FOR_STACKS,
        "LEHIA_BROKER_URL": "amqp://guest:guest@127.0.0.1:5672//",
    }


@pytest.fixture(scope="session")
def collected_static(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The static files, collected once for all stacks."""
    folder = tmp_path_factory.mktemp("collected")
    Stack(folder, {}).manage("collectstatic", "--no-input", "--verbosity", "0")
    return folder / "static"


@pytest.fixture
def stack(tmp_path: Path, stack_env: dict[str, str], collected_static: Path) -> Iterator[Stack]:
    """A stack with the demo campaign, whose processes the test starts."""
    (tmp_path / "static").symlink_to(collected_static)
    with Stack(tmp_path, stack_env) as stack:
        yield stack
