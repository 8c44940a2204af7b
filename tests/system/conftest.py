"""Stacks: the embedded default, and the servers of production."""

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from tests.services import POSTGRES_SERVER, REDIS_DATABASE_FOR_STACKS
from tests.system.model_process import ModelProcess
from tests.system.stack import Stack


@contextmanager
def new_database(template: str = "template1") -> Iterator[str]:
    """The name of a new PostgreSQL database, dropped at the end."""
    name = f"lehia_stack_{os.getpid()}_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(f"{POSTGRES_SERVER}/postgres", autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    yield name
    with psycopg.connect(f"{POSTGRES_SERVER}/postgres", autocommit=True) as connection:
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture(scope="session")
def seeded_postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The name of a PostgreSQL database with the demo campaign, to be copied. Nothing may stay connected to it."""
    with new_database() as name:
        with Stack(tmp_path_factory.mktemp("seed"), {"LEHIA_DATABASE_URL": f"{POSTGRES_SERVER}/{name}"}):
            pass
        yield name


@pytest.fixture
def postgres_database(seeded_postgres: str) -> Iterator[str]:
    """The URL of a PostgreSQL database with the demo campaign."""
    with new_database(template=seeded_postgres) as name:
        yield f"{POSTGRES_SERVER}/{name}"


@pytest.fixture(scope="session")
def seeded_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a stack with the demo campaign, to be copied."""
    folder = tmp_path_factory.mktemp("seed")
    with Stack(folder, {}):
        return folder


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
def seeded_folder(tmp_path: Path, seeded_sqlite: Path, collected_static: Path) -> Path:
    """A folder for one stack, with static files and the database of those that use SQLite."""
    shutil.copytree(seeded_sqlite, tmp_path, dirs_exist_ok=True)
    (tmp_path / "static").symlink_to(collected_static)
    return tmp_path


@pytest.fixture
def stack(seeded_folder: Path, stack_env: dict[str, str]) -> Iterator[Stack]:
    """A stack with the demo campaign, whose processes the test starts."""
    with Stack(seeded_folder, stack_env, seeded=True) as stack:
        yield stack


@pytest.fixture
def embedded(seeded_folder: Path) -> Iterator[Stack]:
    """The embedded default: one web worker, SQLite, and nothing beside them."""
    with Stack(seeded_folder, {}, seeded=True) as stack:
        yield stack


@pytest.fixture
def pair(seeded_folder: Path, postgres_database: str) -> Iterator[Stack]:
    """Two web workers on PostgreSQL and Redis, as in production."""
    env = {
        "LEHIA_DATABASE_URL": postgres_database,
        "LEHIA_REDIS_URL": REDIS_DATABASE_FOR_STACKS,
        "WEB_CONCURRENCY": "2",
    }
    with Stack(seeded_folder, env, seeded=True) as stack:
        yield stack


@pytest.fixture
def models() -> Iterator[tuple[ModelProcess, ModelProcess]]:
    """Two scripted model servers, each a process that can be killed."""
    with ModelProcess() as first, ModelProcess() as second:
        yield first, second
