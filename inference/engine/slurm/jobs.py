"""Slurm's own commands, and the files by which its jobs report."""

import json
import subprocess
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from inference.engine.slurm.script import REPORTS
from inference.engine.states import ServerState
from inference.exceptions import EngineError

_SECONDS_TO_ANSWER = 60
# Tasks in these states have ended, though squeue still lists them for a while.
_ENDED = {"COMPLETED", "CANCELLED", "FAILED", "TIMEOUT", "NODE_FAIL", "OUT_OF_MEMORY", "BOOT_FAIL", "DEADLINE"}


@dataclass(frozen=True)
class Report:
    """What a server's task last said: where the server is and how it does; `tries` counts its deaths."""

    address: str
    port: int
    state: ServerState
    tries: int
    code: int


def submit(script: Path) -> str:
    """The id of the new job. Raises EngineError with what sbatch says."""
    # With --parsable it prints the id, and the cluster's name after a semicolon where there are several.
    return _run(["sbatch", "--parsable", str(script)]).strip().partition(";")[0]


def living_tasks(job_name: str) -> dict[str, str]:
    """The state of each task of one's own jobs of this name that has not ended, by `JOB_TASK`. Raises EngineError."""
    listed = _run(["squeue", "--me", "--noheader", "--array", f"--name={job_name}", "--format=%i|%T"])
    rows = [line.strip().partition("|") for line in listed.splitlines() if line.strip()]
    return {task: state for task, _, state in rows if state not in _ENDED}


def cancel(jobs: Collection[str]) -> None:
    """Ends whole jobs. Raises EngineError."""
    _run(["scancel", *jobs])


def read_report(run: Path, server: str) -> Report | None:
    """What the task of `server` last wrote; None where it has written nothing yet. Raises EngineError on nonsense."""
    path = run / REPORTS / f"{server}.json"
    try:
        said = json.loads(path.read_text())
        state = ServerState(said["state"])
        return Report(str(said["address"]), int(said["port"]), state, int(said["try"]), int(said["code"]))
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError) as error:
        raise EngineError(f"{path} is no report of a server: {error!r}") from error


def _run(command: list[str]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS_TO_ANSWER)
    except FileNotFoundError as error:
        raise EngineError(f"There is no {command[0]} here: run this where Slurm's commands are.") from error
    except subprocess.TimeoutExpired as error:
        raise EngineError(f"{command[0]} did not answer within {_SECONDS_TO_ANSWER} s.") from error
    if done.returncode != 0:
        raise EngineError(f"{command[0]} ended with code {done.returncode}: {done.stderr.strip()}")
    return done.stdout
