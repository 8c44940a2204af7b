"""A scripted model server in a process of its own, which can be killed."""

import json
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from typing import Any, Self

from inference.engine.guard import die_with_parent
from tests.ports import free_port
from tests.system.stack import ROOT


@dataclass
class ModelProcess:
    """`tests.stubs.openai_server`, told what to do over HTTP."""

    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *exc: object) -> None:
        if self.process is not None:
            self.kill()

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def start(self) -> None:
        """Starts, or starts again on the same port."""
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.stubs.openai_server", "--port", str(self.port)],
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            preexec_fn=lambda: die_with_parent(signal.SIGKILL),
        )
        for _try in range(100):
            assert self.process.poll() is None, "the scripted model server ended"
            try:
                self.report()
                return
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
        raise AssertionError("the scripted model server does not answer")

    def kill(self) -> None:
        """Kill -9."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(timeout=10)
        self.process = None

    def tell(self, **script: Any) -> None:
        """Sets fields of `tests.stubs.behaviour.Script`."""
        self._call(script)

    def report(self) -> dict[str, Any]:
        """What was asked of the server, and how many answers are open."""
        return self._call(None)

    def _call(self, body: dict[str, Any] | None) -> dict[str, Any]:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/control", data, {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=5) as response:
            answer: dict[str, Any] = json.loads(response.read())
            return answer
