"""Nothing that a guard started may outlive its guard's parent. Real processes, killed for real."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from inference.engine.guard import guarded

pytestmark = [pytest.mark.processes, pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")]

# A program as vLLM is: a server with a child in its group and one in a session of its own. Both ignore
# SIGTERM.
FAMILY = """
import signal, subprocess, sys, time, pathlib
folder = pathlib.Path(sys.argv[1])
child = (
    "import os, pathlib, signal, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    "pathlib.Path(sys.argv[1], str(os.getpid())).touch(); time.sleep(60)"
)
for apart in (False, True):
    subprocess.Popen([sys.executable, "-c", child, str(folder)], start_new_session=apart)
pathlib.Path(folder, "server").write_text(str(__import__("os").getpid()))
time.sleep(60)
"""


@pytest.fixture
def started() -> Iterator[list[int]]:
    """Process ids to kill at the end, should a test have left one."""
    pids: list[int] = []
    yield pids
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in {"Z", "X"}
    except (FileNotFoundError, ProcessLookupError):
        return False


def wait_for(condition: object, seconds: float = 10.0) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():  # type: ignore[operator]
            return True
        time.sleep(0.02)
    return False


def family(folder: Path, command: list[str], started: list[int]) -> tuple[subprocess.Popen[bytes], int, list[int]]:
    """Start the program through `command`; the started process, the server's id and all the ids of the family."""
    process = subprocess.Popen([*command, sys.executable, "-c", FAMILY, str(folder)])
    assert wait_for(lambda: len(list(folder.iterdir())) == 3 and (folder / "server").read_text())
    server = int((folder / "server").read_text())
    pids = [server, *(int(path.name) for path in folder.iterdir() if path.name.isdigit())]
    started.extend(pids)
    return process, server, pids


def guard_command() -> list[str]:
    return guarded([], grace=0.3)


def test_stopping_the_guard_ends_the_whole_family(tmp_path: Path, started: list[int]) -> None:
    guard, _server, pids = family(tmp_path, guard_command(), started)
    guard.terminate()
    assert guard.wait(timeout=10) == 128 + signal.SIGTERM
    assert not [pid for pid in pids if is_alive(pid)]


def test_the_death_of_the_server_ends_its_workers(tmp_path: Path, started: list[int]) -> None:
    guard, server, pids = family(tmp_path, guard_command(), started)
    os.kill(server, signal.SIGKILL)
    assert guard.wait(timeout=10) == 128 + signal.SIGKILL
    assert not [pid for pid in pids if is_alive(pid)]


def test_the_control_without_a_guard_the_workers_live_on(tmp_path: Path, started: list[int]) -> None:
    process, server, pids = family(tmp_path, [], started)
    os.kill(server, signal.SIGKILL)
    process.wait(timeout=10)
    time.sleep(0.3)
    assert len([pid for pid in pids if is_alive(pid)]) == 2


def test_kill_9_of_the_parent_ends_the_whole_family(tmp_path: Path, started: list[int]) -> None:
    starter = "import subprocess, sys; subprocess.run(sys.argv[1:])"
    parent, _server, pids = family(tmp_path, [sys.executable, "-c", starter, *guard_command()], started)
    parent.kill()
    parent.wait(timeout=10)
    assert wait_for(lambda: not [pid for pid in pids if is_alive(pid)], seconds=5)


def test_the_exit_code_is_the_programs(tmp_path: Path) -> None:
    assert subprocess.run(guarded([sys.executable, "-c", "raise SystemExit(7)"])).returncode == 7


def test_a_program_that_is_not_there_is_named() -> None:
    done = subprocess.run(guarded(["/no/such/program"]), capture_output=True, text=True)
    assert done.returncode == 127
    assert "/no/such/program" in done.stderr
