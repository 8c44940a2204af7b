"""Say which models can answer now."""

import json
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from inference.enums import ModelHealth
from inference.health import ProbeResult
from inference.models import ServedModel
from inference.probing import probe_enabled_models


class Command(BaseCommand):
    """Exit code 0 if every enabled model is ready, 1 if one is not or there is none."""

    help = "Probe every enabled served model. Exit code 1 when one of them is not ready, or when there is none."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one JSON list instead of a table")

    def handle(self, *args: Any, json: bool, **options: Any) -> None:
        found = probe_enabled_models()
        rows = [_row(served_model, result) for served_model, result in found]
        self.stdout.write(_as_json(rows) if json else _as_table(rows))
        if not found or any(result.health != ModelHealth.READY for _, result in found):
            sys.exit(1)


def _row(served_model: ServedModel, result: ProbeResult) -> dict[str, Any]:
    """`latency` in milliseconds, `cache_use` from 0 to 1; None where the server does not say."""
    return {
        "name": served_model.name,
        "model_name": served_model.model_name,
        "base_url": served_model.base_url,
        "health": str(result.health),
        "reason": result.reason,
        "breaker": served_model.breaker_state,
        "running": result.load.running,
        "waiting": result.load.waiting,
        "cache_use": result.load.cache_use,
        "latency": result.latency_ms,
    }


def _as_json(rows: list[dict[str, Any]]) -> str:
    return json.dumps(rows, indent=2, ensure_ascii=False)


_COLUMNS = ("name", "health", "breaker", "latency", "running", "waiting", "cache", "address")


def _as_table(rows: list[dict[str, Any]]) -> str:
    """Why a model is not ready stands below its line."""
    if not rows:
        return "No model is enabled."
    lines = [_COLUMNS, *(_cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(_COLUMNS))]
    texts = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]
    reasons = ["", *(f"  {row['reason']}" if row["reason"] else "" for row in rows)]
    return "\n".join(line for pair in zip(texts, reasons, strict=True) for line in pair if line)


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    cache = None if row["cache_use"] is None else f"{row['cache_use']:.0%}"
    latency = None if row["latency"] is None else f"{row['latency']} ms"
    figures = (latency, row["running"], row["waiting"], cache)
    shown = ("–" if figure is None else str(figure) for figure in figures)
    return (row["name"], row["health"], row["breaker"], *shown, row["base_url"])
