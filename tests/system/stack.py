"""The real processes: gunicorn, the Celery worker, and a place of their own for what they write."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from inference.engine.guard import die_with_parent
from tests.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
CELERY = [str(BIN / "celery"), "--app", "config.celery", "--quiet"]


@dataclass
class Stack:
    """A web server and a worker on a database of their own. `env` holds the LEHIA_* variables.

    `seeded`: the database has its tables and the demo campaign already.
    """

    folder: Path
    env: dict[str, str]
    seeded: bool = False
    port: int = field(default_factory=free_port)
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def __enter__(self) -> Self:
        if not self.seeded:
            self.manage("migrate", "--verbosity", "0")
            self.manage("seed_demo")
        return self

    def __exit__(self, *exc: object) -> None:
        for name in list(self.processes):
            self.end(name, signal.SIGKILL)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def environment(self) -> dict[str, str]:
        clean = {key: value for key, value in os.environ.items() if not key.startswith(("LEHIA_", "DJANGO_"))}
        return {**clean, "LEHIA_VAR_DIR": str(self.folder), "LEHIA_DRAIN_SECONDS": "20", **self.env}

    def manage(self, *arguments: str) -> str:
        """Runs a management command; returns what it prints."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self.environment(),
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def evaluate(self, code: str) -> Any:
        """Runs Python in the project, on this stack's database; returns what it assigns to `result`."""
        return json.loads(self.manage("shell", "--no-imports", "-c", f"{code}\nimport json; print(json.dumps(result))"))

    def serve_models_at(self, base_url: str, *, model_name: str = "smollm2-135m-instruct") -> None:
        """Points the demo's served model at a server, and says that it is ready."""
        self.evaluate(
            "from inference.models import ServedModel\n"
            "from django.utils import timezone\n"
            f"result = ServedModel.objects.update(base_url={base_url!r}, model_name={model_name!r}, health='ready', "
            "ready_since=timezone.now())"
        )

    def start_web(self) -> None:
        """Starts gunicorn as `make run` and the containers do; returns when a worker answers."""
        options = ["--config", "python:config.gunicorn", "--bind", f"127.0.0.1:{self.port}"]
        self._start("web", [str(BIN / "gunicorn"), "config.asgi:application", *options])
        self._wait_for_page()

    def web_workers(self) -> list[int]:
        """The process ids of gunicorn's workers, oldest first."""
        pid = self.processes["web"].pid
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

    def start_worker(self) -> None:
        self._start("worker", [*CELERY, "worker", "--concurrency", "1"])

    def start_beat(self) -> None:
        self._start("beat", [*CELERY, "beat", "--pidfile="])

    def end(self, name: str, number: int) -> None:
        """Signals a process and, for SIGKILL, all of its children with it."""
        process = self.processes.pop(name)
        if number == signal.SIGKILL:
            os.killpg(process.pid, number)
        else:
            process.send_signal(number)
        process.wait(timeout=30)

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text(errors="replace")

    def _start(self, name: str, command: list[str]) -> None:
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                command,
                cwd=ROOT,
                env=self.environment(),
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=lambda: die_with_parent(signal.SIGKILL),
            )

    def _wait_for_page(self) -> None:
        for _try in range(150):
            assert self.processes["web"].poll() is None, self.log("web")
            try:
                with urllib.request.urlopen(f"{self.address}/healthz", timeout=5):
                    return
            except (urllib.error.URLError, OSError):
                time.sleep(0.2)
        raise AssertionError(f"The page does not answer:\n{self.log('web')}")
