"""Start the model servers of a spec and keep them running."""

import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError
from django.utils.timezone import localtime

from config.devices import visible_gpus
from inference.engine.backends import BACKENDS, Backend, backend_for
from inference.engine.environment import Engine
from inference.engine.spec import Spec, load_spec
from inference.engine.vllm_args import Launch
from inference.exceptions import EngineError, SpecError


class Command(BaseCommand):
    """Runs until it is stopped; exit code 1 if every server was given up on."""

    help = "Start the model servers of a spec, register their models, and keep them running until Ctrl-C."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("spec", type=Path, metavar="SPEC.yaml", help="see docs/specs")
        parser.add_argument("--dry-run", action="store_true", help="print the plan and the commands, and run nothing")
        parser.add_argument("--backend", choices=BACKENDS, default="local", help="where servers run (default: local)")
        parser.add_argument("--python", type=Path, help="the Python that has vLLM (default: that of .venv-engine)")
        parser.add_argument("--host", default="", help="serve only what the plan puts on this host of the spec")
        parser.add_argument("--ray-address", default="", help="HOST:PORT of Ray's head (default: the first host, 6379)")
        parser.add_argument("--run-dir", type=Path, help="a folder that Slurm's nodes share (default: in var/slurm)")

    def handle(self, *args: Any, spec: Path, dry_run: bool, python: Path | None, **options: Any) -> None:
        try:
            wanted = load_spec(spec, root=settings.BASE_DIR)
            backend = _backend(wanted, (python or Engine().python).absolute(), options)
            if dry_run:
                self.stdout.write(backend.describe())
                return
            if python is None and not all(host.python for host in wanted.hosts) and not Engine().is_installed:
                raise EngineError("The engine is not installed. Run `make engine`, or name a Python with --python.")
            is_fine = backend.serve(self._say)
        except (SpecError, EngineError) as error:
            raise CommandError(str(error)) from error
        except DatabaseError as error:
            raise CommandError(f"The database, where the models are registered, cannot be used: {error}") from error
        except OSError as error:
            # A folder that may not be written, a disk that is full: the error names the file.
            raise CommandError(str(error)) from error
        if not is_fine:
            sys.exit(1)

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()


def _backend(spec: Spec, python: Path, options: dict[str, Any]) -> Backend:
    runs = (options["run_dir"] or settings.VAR_DIR / "slurm").absolute()
    return backend_for(
        options["backend"],
        spec,
        Launch(settings.BASE_DIR, python, ray_address=options["ray_address"]),
        logs=settings.VAR_DIR / "log",
        run=runs / f"{spec.source.stem}-{localtime():%Y%m%d-%H%M%S}",
        host=options["host"],
        visible_gpus=visible_gpus(),
    )
