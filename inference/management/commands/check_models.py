"""Say which models can answer now."""

import json
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from inference.actions import probe_enabled_models
from inference.enums import ModelHealth


class Command(BaseCommand):
    """Exit code 0 if every enabled model is ready, 1 if one is not or there is none."""

    help = "Probe every enabled served model. Exit code 1 when one of them is not ready, or when there is none."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one JSON list instead of a table")

    def handle(self, *args: Any, json: bool, **options: Any) -> None:
        found = probe_enabled_models()
        rows = [
            {
                "name": served_model.name,
                "model_name": served_model.model_name,
                "base_url": served_model.base_url,
                "health": str(result.health),
                "reason": result.reason,
            }
            for served_model, result in found
        ]
        self.stdout.write(_as_json(rows) if json else _as_table(rows))
        if not found or any(result.health != ModelHealth.READY for _, result in found):
            sys.exit(1)


def _as_json(rows: list[dict[str, str]]) -> str:
    return json.dumps(rows, indent=2, ensure_ascii=False)


def _as_table(rows: list[dict[str, str]]) -> str:
    if not rows:
        return "No model is enabled."
    width = max(len(row["name"]) for row in rows)
    lines = [
        f"{row['name']:<{width}}  {row['health']:<10}  {row['base_url']}  {row['reason']}".rstrip() for row in rows
    ]
    return "\n".join(lines)
