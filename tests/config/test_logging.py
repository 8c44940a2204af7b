"""What a line of the log looks like, whoever writes it."""

import asyncio
import gc
import io
import json
import logging
import logging.config
import warnings
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from celery import Celery

from config.logging import log_config

PROMPT = "nire sekretua"


@pytest.fixture
def lines() -> Iterator[Any]:
    """The lines that are logged, read from where they would go."""
    root, stream = logging.getLogger(), io.StringIO()
    config = log_config(level="INFO", as_json=True)
    formatter = config["formatters"]["line"]
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=formatter["foreign_pre_chain"], processors=formatter["processors"]
        )
    )
    handler.addFilter(config["filters"]["discreet"]["()"]())
    before = root.level
    root.addHandler(handler)
    root.setLevel("INFO")

    def read() -> list[dict[str, Any]]:
        assert PROMPT not in stream.getvalue()
        return [json.loads(line) for line in stream.getvalue().splitlines()]

    yield read
    root.removeHandler(handler)
    root.setLevel(before)


def test_own_lines_have_their_battle_and_the_error(lines: Any) -> None:
    with structlog.contextvars.bound_contextvars(battle="b1", request_id="r1"):
        try:
            raise ValueError(PROMPT)
        except ValueError as error:
            structlog.get_logger("arena.test").exception("frame_failed", error=error)
    (line,) = lines()
    assert (line["event"], line["level"], line["logger"]) == ("frame_failed", "error", "arena.test")
    assert (line["battle"], line["request_id"], line["error"]) == ("b1", "r1", "ValueError")
    assert line["exception"].endswith("ValueError") and __file__ in line["exception"]


def test_lines_of_libraries_have_it_too(lines: Any) -> None:
    with structlog.contextvars.bound_contextvars(request_id="r1"):
        try:
            raise KeyError(PROMPT)
        except KeyError:
            logging.getLogger("django.request").exception("Internal Server Error: %s", "/me/?page=2")
    (line,) = lines()
    assert (line["event"], line["request_id"]) == ("Internal Server Error: /me/?…", "r1")
    assert line["exception"].endswith("\nKeyError")


def test_a_celery_task_that_fails(lines: Any) -> None:
    app = Celery("test", broker="memory://", set_as_current=False)

    @app.task
    def stumble() -> None:
        raise ValueError(PROMPT)

    stumble.apply()
    line = next(line for line in lines() if line["logger"] == "celery.app.trace")
    assert line["event"].startswith("Task ") and line["event"].endswith(" raised unexpected")
    assert line["exception"].endswith("ValueError")


def test_an_error_that_nobody_awaited(lines: Any) -> None:
    async def stumble() -> None:
        raise ValueError(PROMPT)

    async def forget() -> None:
        task = asyncio.get_running_loop().create_task(stumble())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        del task
        gc.collect()

    asyncio.run(forget())
    line = next(line for line in lines() if line["logger"] == "asyncio")
    assert line["event"] == "Task exception was never retrieved"
    assert line["exception"].endswith("ValueError")


def test_warnings_are_lines_too(lines: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(False)
        logging.captureWarnings(True)
        warnings.warn("this is old", DeprecationWarning, stacklevel=1)
    assert any(line["logger"] == "py.warnings" and "this is old" in line["event"] for line in lines())


@pytest.mark.parametrize("name", ["asyncio", "django.db"])
def test_those_who_quote_prompts_are_kept_quiet(name: str) -> None:
    assert not logging.getLogger(name).isEnabledFor(logging.DEBUG)


def test_figures_do_not_fill_the_logs() -> None:
    assert log_config(level="INFO", as_json=True)["loggers"]["fontTools"]["level"] == "WARNING"
