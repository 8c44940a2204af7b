"""`manage.py serve_models` as a program, over a database of its own."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


class ServeModels:
    """The command, serving the spec `text` in `folder`."""

    def __init__(self, folder: Path, text: str, *arguments: str) -> None:
        self._env = {
            **os.environ,
            "LEHIA_VAR_DIR": str(folder / "var"),
            "LEHIA_DATABASE_URL": f"sqlite:///{folder / 'lehia.sqlite3'}",
            "LEHIA_LOG_LEVEL": "WARNING",
        }
        spec = folder / "spec.yaml"
        spec.write_text(text)
        self.manage("migrate", "--verbosity", "0")
        self.lines: list[str] = []
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "serve_models", str(spec), *arguments],
            cwd=ROOT,
            env=self._env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def manage(self, *arguments: str) -> str:
        """What another command prints."""
        command = [sys.executable, "manage.py", *arguments]
        return subprocess.run(command, cwd=ROOT, env=self._env, stdout=subprocess.PIPE, text=True).stdout

    def models(self) -> dict[str, dict[str, str]]:
        """What `check_models` says, by name."""
        return {row["name"]: row for row in json.loads(self.manage("check_models", "--json"))}

    def until_health(self, **wanted: str) -> None:
        """Wait until `check_models` says so of these models: one that dies is mostly between two tries."""
        for _ in range(60):
            models = self.models()
            if {name: models[name]["health"] for name in wanted} == wanted:
                return
            time.sleep(0.5)
        raise AssertionError(models)

    def until(self, *texts: str) -> None:
        """Wait for lines with each of `texts`, in any order; the test's own time limit ends a wait in vain."""
        assert self.process.stdout is not None
        wanted = set(texts)
        while wanted:
            line = self.process.stdout.readline()
            assert line, "".join(self.lines)
            self.lines.append(line)
            wanted -= {text for text in wanted if text in line}

    def stop(self, number: signal.Signals) -> int:
        """Send the signal and wait for the end; the exit code."""
        self.process.send_signal(number)
        rest, _ = self.process.communicate(timeout=60)
        self.lines += rest.splitlines(keepends=True)
        return self.process.returncode

    def end(self) -> None:
        """Leave nothing behind, whatever the test came to."""
        if self.process.poll() is None:
            self.stop(signal.SIGTERM)
