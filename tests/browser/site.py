"""The real site in processes of its own, on a free port, with a database and static files in a folder of its own."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from tests.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 30.0


class SiteDown(RuntimeError):
    """The server ended or did not answer in time; the message has the end of its log."""


class RunningSite:
    """gunicorn with its ASGI worker, as in production. Starting it again keeps port and database."""

    def __init__(self, folder: Path, *, environment: dict[str, str] | None = None) -> None:
        self.folder = folder
        self.port = free_port()
        # Nothing of the tests' own settings: this is the site as it comes, on SQLite and with its broker on disk.
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("LEHIA_")}
        self._environment = {
            **inherited,
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "LEHIA_VAR_DIR": str(folder),
            "LEHIA_DATABASE_URL": f"sqlite:///{folder / 'db.sqlite3'}",
            "LEHIA_DRAIN_SECONDS": "8",
            **(environment or {}),
        }
        self._server: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def prepare(self, seed: str, *arguments: str) -> None:
        """Makes the catalogues, and by a module of the tests the database and the static files."""
        self.run("tools/messages.py", "compile")
        self.run("-m", seed, *arguments)

    def run(self, *arguments: str) -> str:
        """Runs Python with the site's settings; its output."""
        done = subprocess.run(
            [sys.executable, *arguments], cwd=ROOT, env=self._environment, capture_output=True, text=True, timeout=120
        )
        if done.returncode != 0:
            raise SiteDown(f"{' '.join(arguments)} failed:\n{done.stdout}{done.stderr}")
        return done.stdout

    def start(self) -> None:
        options = ["--config", "python:config.gunicorn", "--bind", f"127.0.0.1:{self.port}"]
        self._server = self.spawn("server.log", "-m", "gunicorn", "config.asgi:application", *options)
        self._wait_until_up()

    def spawn(self, log: str, *arguments: str) -> subprocess.Popen[bytes]:
        """Starts Python with the site's settings in the background, writing into a log of the site's folder."""
        with (self.folder / log).open("ab") as output:
            return subprocess.Popen(
                [sys.executable, *arguments],
                cwd=ROOT,
                env=self._environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def stop(self) -> None:
        if self._server is not None:
            end(self._server)
            self._server = None

    def reload(self) -> None:
        """Starts a new worker and tells the old one to end, as a deploy does."""
        assert self._server is not None
        self._server.send_signal(signal.SIGHUP)

    def kill(self) -> None:
        """Ends the server and its worker at once, as a crash does: nothing is told to anybody."""
        if self._server is not None:
            os.killpg(self._server.pid, signal.SIGKILL)
            self._server.wait(timeout=10)
            self._server = None

    def static_url(self, name: str) -> str:
        """The address of a static file, with the hash of its content in it."""
        manifest = json.loads((self.folder / "static" / "staticfiles.json").read_text())
        return f"{self.url}/static/{manifest['paths'][name]}"

    def log(self) -> str:
        return (self.folder / "server.log").read_text(errors="replace")

    def _wait_until_up(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self._server is None or self._server.poll() is not None:
                break
            try:
                with urllib.request.urlopen(f"{self.url}/healthz", timeout=2):
                    return
            except (urllib.error.URLError, ConnectionError, TimeoutError):
                time.sleep(0.1)
        raise SiteDown(f"The site did not come up:\n{self.log()[-3000:]}")


def end(process: subprocess.Popen[bytes]) -> None:
    """Ends a process that was started here, kindly at first."""
    process.terminate()
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(timeout=10)
