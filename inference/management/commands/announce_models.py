"""Say that the model servers of a spec are about to be started, or that they will not be."""

from datetime import timedelta
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from inference.engine import registration
from inference.engine.spec import load_spec
from inference.exceptions import SpecError


class Command(BaseCommand):
    """For whoever prepares the servers, so that the page can tell "not yet" from "not"."""

    help = "Mark the models of a spec as warming up while their servers are being prepared, or as failing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("spec", type=Path, metavar="SPEC.yaml")
        what = parser.add_mutually_exclusive_group(required=True)
        what.add_argument("--minutes", type=float, help="how long to take them for warming up")
        what.add_argument("--withdraw", metavar="REASON", help="mark them as failing, for this reason")

    def handle(self, *args: Any, spec: Path, minutes: float | None, withdraw: str | None, **options: Any) -> None:
        try:
            wanted = load_spec(spec)
            if minutes is not None:
                registration.announce(wanted, until=timezone.now() + timedelta(minutes=minutes))
            else:
                registration.withdraw(wanted, reason=withdraw or "")
        except SpecError as error:
            raise CommandError(str(error)) from error
