"""Start the model servers of a spec and keep them running."""

import shlex
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from inference.engine.environment import Engine
from inference.engine.launch import register_spec, serve, server_plans
from inference.engine.spec import load_spec
from inference.engine.supervisor import ServerPlan
from inference.exceptions import SpecError


class Command(BaseCommand):
    """Runs until it is stopped; exit code 1 if every server was given up on."""

    help = "Start the model servers of a spec, register their models, and keep them running until Ctrl-C."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("spec", type=Path, metavar="SPEC.yaml", help="see docs/specs")
        parser.add_argument("--dry-run", action="store_true", help="print what would be run, and run nothing")
        parser.add_argument("--python", type=Path, help="the Python that has vLLM (default: that of .venv-engine)")

    def handle(self, *args: Any, spec: Path, dry_run: bool, python: Path | None, **options: Any) -> None:
        engine = Engine()
        try:
            wanted = load_spec(spec)
        except SpecError as error:
            raise CommandError(str(error)) from error
        plans = server_plans(
            wanted, python=python or engine.python, root=settings.BASE_DIR, logs=settings.VAR_DIR / "log"
        )
        if dry_run:
            self.stdout.write("\n".join(map(_as_shell, plans)))
            return
        if python is None and not engine.is_installed:
            raise CommandError("The engine is not installed. Run `make engine`, or name a Python with --python.")
        if not serve(plans, register_spec(wanted), root=settings.BASE_DIR, say=self._say):
            sys.exit(1)

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()


def _as_shell(plan: ServerPlan) -> str:
    variables = [f"{name}={shlex.quote(value)}" for name, value in sorted(plan.command.env.items())]
    return " ".join(["env", *variables, shlex.join(plan.command.arguments)])
