"""`make run`, started and ended in every way that a person or a machine ends it. Nothing may stay behind."""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from queue import Empty, Queue
from urllib.request import urlopen

import pytest

from tests.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
DEMO = ROOT / "docs" / "specs" / "demo.yaml"


def _clean() -> dict[str, str]:
    """The environment of somebody who has set nothing: the tests themselves may run over other databases."""
    return {name: value for name, value in os.environ.items() if not name.startswith("LEHIA_")}


class Started:
    """A `make run` whose lines can be waited for."""

    def __init__(self, folder: Path, var: Path, *arguments: str) -> None:
        self.port = free_port()
        # Every process below inherits this, so that each can be found again whatever became of its parent.
        self.mark = f"LEHIA_TEST_RUN={folder}"
        name, _, value = self.mark.partition("=")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tools.run", "--port", str(self.port), *arguments],
            cwd=ROOT,
            env={**_clean(), "LEHIA_VAR_DIR": str(var), name: value, "MAKELEVEL": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.lines: list[str] = []
        self._queue: Queue[str] = Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._queue.put(line.rstrip())

    def until(self, pattern: str, seconds: float) -> str:
        """Wait for a line that matches, and return it."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                line = self._queue.get(timeout=1)
            except Empty:
                assert self.process.poll() is None, "\n".join(self.lines)
                continue
            self.lines.append(line)
            if re.search(pattern, line):
                return line
        raise AssertionError(f"no line like {pattern!r} in {seconds} s:\n" + "\n".join(self.lines))

    def left_behind(self) -> list[str]:
        """The command lines of processes that this run started and that are still there."""
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                if self.mark.encode() in (folder / "environ").read_bytes():
                    found.append((folder / "cmdline").read_bytes().replace(b"\0", b" ").decode())
            except OSError:
                continue
        return found

    def is_gone(self, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while self.left_behind() and time.monotonic() < deadline:
            time.sleep(0.1)
        return not self.left_behind()

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self.is_gone(60)
        self._reader.join(timeout=5)
        if self.process.stdout:
            self.process.stdout.close()


@pytest.fixture(scope="module")
def var(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One place for all runs of this file: from the second on, what is done is skipped."""
    return tmp_path_factory.mktemp("var")


@pytest.fixture
def runs() -> Iterator[list[Started]]:
    started: list[Started] = []
    yield started
    for run in started:
        run.close()


def test_a_taken_port_is_said_plainly(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = subprocess.run(
            [sys.executable, "-m", "tools.run", "--port", str(port)],
            cwd=ROOT,
            env={**_clean(), "LEHIA_VAR_DIR": str(tmp_path)},
            capture_output=True,
            text=True,
        )
    assert done.returncode == 1
    assert f"Port {port} is taken by another program" in done.stdout


@pytest.mark.vllm
@pytest.mark.timeout(600)
def test_the_page_first_then_the_models_and_ctrl_c_stops_everything(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, runs: list[Started]
) -> None:
    spec = tmp_path / "demo.yaml"
    spec.write_text(DEMO.read_text().replace("port: 8100", f"port: {free_port()}"))
    var = tmp_path_factory.mktemp("new")
    run = Started(tmp_path, var, "--spec", str(spec))
    runs.append(run)
    address = run.until("Lehia is at", 180).split()[3]
    assert re.search(r"one-time password \S{8}", run.until("Admin: ", 5))
    with urlopen(address) as page:
        assert page.status == 200
    assert not any("ready after" in line for line in run.lines)
    run.until(r"smollm2-135m-instruct: ready after", 300)
    assert any("vllm" in command.lower() for command in run.left_behind())

    again = Started(tmp_path, var, "--no-models")
    runs.append(again)
    again.until("Another `make run` is running here", 30)
    assert again.process.wait(timeout=10) == 1

    run.process.send_signal(signal.SIGINT)
    run.until("Everything is stopped", 60)
    assert run.process.wait(timeout=10) == 0
    assert run.left_behind() == []


@pytest.mark.vllm
@pytest.mark.timeout(600)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_whatever_ends_it_nothing_is_left_behind(tmp_path: Path, var: Path, runs: list[Started], number: int) -> None:
    run = Started(tmp_path, var, "--no-models")
    runs.append(run)
    run.until("Lehia is at", 180)
    assert len(run.left_behind()) >= 7
    run.process.send_signal(number)
    assert run.is_gone(40), run.left_behind()


@pytest.mark.vllm
@pytest.mark.timeout(600)
def test_a_child_that_dies_is_named_with_the_end_of_its_log(tmp_path: Path, var: Path, runs: list[Started]) -> None:
    run = Started(tmp_path, var, "--no-models")
    runs.append(run)
    log = var / "log" / "beat.log"
    before = log.read_text().count("beat: Starting") if log.exists() else 0
    run.until("Lehia is at", 180)
    deadline = time.monotonic() + 60
    while log.read_text().count("beat: Starting") == before:
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.2)
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes().split(b"\0")
            if run.mark.encode() in (folder / "environ").read_bytes() and b"beat" in command and b"-S" not in command:
                os.kill(int(folder.name), signal.SIGKILL)
        except OSError:
            continue
    run.until(r"beat ended with code 137. The end of .*beat\.log", 30)
    run.until("beat: Starting", 5)
    assert run.process.wait(timeout=40) == 1
    assert run.is_gone(10), run.left_behind()
