"""Enough of Slurm for a test: `sbatch`, `squeue` and `scancel` on this machine, with their tasks as processes.

`python -m tests.stubs.fake_slurm sbatch|squeue|scancel ARGUMENT…`; the variable FAKE_SLURM names the folder of its
state, which has a file `JOB_TASK` with the process group of each task. A file `full` there makes squeue fail, and with
a file `no-gpus` tasks are told of none.
"""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

from tests.processes import is_alive

STATE = Path(os.environ["FAKE_SLURM"])


def sbatch(script: Path) -> None:
    text = script.read_text()
    job = 100 + len(list(STATE.glob("*.sbatch")))
    (STATE / f"{job}.sbatch").write_text(text)
    option = dict(re.findall(r"^#SBATCH --([a-z-]+)=(\S+)$", text, re.MULTILINE))
    first, last = map(int, option["array"].split("-"))
    for task in range(first, last + 1):
        log = option["output"].replace("%A", str(job)).replace("%a", str(task))
        gpus = ",".join(map(str, range(int(option.get("gres", "gpu:0").rpartition(":")[2]))))
        env = {
            **os.environ,
            "SLURM_ARRAY_JOB_ID": str(job),
            "SLURM_ARRAY_TASK_ID": str(task),
            "SLURMD_NODENAME": "127.0.0.1",
        }
        if not (STATE / "no-gpus").exists():
            env["CUDA_VISIBLE_DEVICES"] = gpus
        with Path(log).open("w") as output:
            process = subprocess.Popen(
                ["bash", str(script)], env=env, stdout=output, stderr=output, start_new_session=True
            )
        (STATE / f"{job}_{task}").write_text(f"{process.pid} {option['job-name']}")
    print(f"{job};fake")


def squeue(name: str) -> None:
    if (STATE / "full").exists():
        sys.exit("slurm_load_jobs error: Socket timed out on send/recv operation")
    for path in sorted(STATE.glob("*_*")):
        group, job_name = path.read_text().split()
        if job_name == name and is_alive(int(group)):
            print(f"{path.name}|RUNNING")


def scancel(jobs: list[str]) -> None:
    for job in jobs:
        for path in STATE.glob(f"{job}_*"):
            group = int(path.read_text().split()[0])
            if is_alive(group):
                os.killpg(group, signal.SIGTERM)
                os.killpg(group, signal.SIGKILL)


match sys.argv[1:]:
    case ["sbatch", "--parsable", script]:
        sbatch(Path(script))
    case ["squeue", "--me", "--noheader", "--array", name, "--format=%i|%T"]:
        squeue(name.removeprefix("--name="))
    case ["scancel", *jobs]:
        scancel(jobs)
    case other:
        sys.exit(f"not known here: {other}")
