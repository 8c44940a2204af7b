"""Structured logs: battle and request ids, and never a prompt, an answer or the name of a person."""

import logging
import logging.config
import sys
from collections.abc import Mapping
from typing import Any

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from config.discretion import describe, trace, without_query_strings


def configure_logging(*, level: str, as_json: bool) -> None:
    """Sends both structlog's and the standard library's records to standard error, one line each."""
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_shared_processors(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    logging.config.dictConfig(log_config(level=level, as_json=as_json))
    logging.captureWarnings(True)


def log_config(*, level: str, as_json: bool) -> dict[str, Any]:
    """As `logging.config.dictConfig` takes it, and gunicorn for its own lines."""
    renderer: Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if as_json
        else structlog.dev.ConsoleRenderer(colors=False)
    )
    own_lines = {"handlers": ["stderr"], "propagate": False}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "line": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": _shared_processors(),
                "processors": [
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    _discreet_errors,
                    renderer,
                ],
            }
        },
        "filters": {"discreet": {"()": Discreet}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["discreet"]}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            # At lower levels the database logs its parameters, prompts included.
            "asyncio": {"level": "WARNING"},
            "django.db": {"level": "INFO"},
            # Dozens of lines for each figure in PDF.
            "fontTools": {"level": "WARNING"},
            "gunicorn.error": {**own_lines, "level": level},
            # Pages are counted by the metrics, and written down by the proxy.
            "gunicorn.access": {**own_lines, "level": "WARNING"},
        },
    }


class Discreet(logging.Filter):
    """Takes out of other libraries' lines what they quote."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.msg, dict):
            # Our own.
            return True
        if record.name == "celery.app.trace" and isinstance(record.args, Mapping) and "exc" in record.args:
            # The error itself is told by the record's exc_info.
            record.msg = "Task %(name)s[%(id)s] %(description)s"
        elif record.name == "asyncio":
            # What follows the first line are representations of tasks, with their errors.
            record.msg, record.args = record.getMessage().partition("\n")[0], None
        record.msg, record.args = without_query_strings(record.getMessage()), None
        return True


def _shared_processors() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]


def _discreet_errors(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """Puts errors into words (`config/discretion.py`): those that are logged as values, and the one that is handled."""
    for key, value in event.items():
        if isinstance(value, BaseException):
            event[key] = describe(value)
    exc_info = event.pop("exc_info", None)
    if exc_info is True:
        exc_info = sys.exc_info()
    error = exc_info[1] if isinstance(exc_info, tuple) else exc_info
    if isinstance(error, BaseException):
        event["exception"] = trace(error)
    return event
