"""Everything that has to be done in Django before the site can start, in one process: starting it costs seconds.

`python -m tools.prepare [--announce SPEC.yaml]` runs in .venv. It prints a line for each step, and at the end the JSON
line of `manage.py seed_demo`.
"""

import argparse
import hashlib
import os
import sys
import time
from collections.abc import Callable, Iterable
from io import StringIO
from pathlib import Path

import django
from django.conf import settings
from django.core.management import call_command

from tools import messages, venv

ROOT = venv.ROOT
# How long the page may say that the models are warming up while the engine is downloaded.
MINUTES_TO_PREPARE = 60


def step(title: str, do: Callable[[], object]) -> None:
    """Do it, and say how long it took."""
    started = time.monotonic()
    do()
    print(f"{title}: done in {time.monotonic() - started:.1f} s", flush=True)


def unless_done(title: str, inputs: Iterable[Path], do: Callable[[], object]) -> None:
    """Do it unless it was done for the same inputs before."""
    digest = hashlib.sha256()
    for path in inputs:
        digest.update(str(path.relative_to(ROOT)).encode() + path.read_bytes())
    stamp = settings.VAR_DIR / "stamps" / title.replace(" ", "-")
    if stamp.exists() and stamp.read_text() == digest.hexdigest():
        return
    step(title, do)
    stamp.parent.mkdir(parents=True, exist_ok=True)
    stamp.write_text(digest.hexdigest())


def compile_messages() -> None:
    for language in messages.LANGUAGES:
        messages.compile_catalogue(language)


def collect_static() -> None:
    call_command("collectstatic", interactive=False, clear=True, verbosity=0)


def prepare(announced: Path | None) -> str:
    """Run the steps; what `seed_demo` printed."""
    step("database", lambda: call_command("migrate", interactive=False, verbosity=0))
    # Not by a stamp: the .mo files lie in the checkout, and are made from it for every place that var/ may be in.
    compile_messages()
    static = sorted(path for path in (ROOT / "static").rglob("*") if path.is_file())
    unless_done("static files", [venv.lock_of("web"), *static], collect_static)
    seeded = StringIO()
    step("demo campaign", lambda: call_command("seed_demo", stdout=seeded))
    if announced:
        call_command("announce_models", str(announced), minutes=MINUTES_TO_PREPARE)
    return seeded.getvalue().strip()


def main() -> int:
    """Prepare."""
    parser = argparse.ArgumentParser(description="Prepare the database, the catalogues and the static files.")
    parser.add_argument("--announce", type=Path, metavar="SPEC.yaml", help="models that are about to be served")
    announced = parser.parse_args().announce
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    print(prepare(announced), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
