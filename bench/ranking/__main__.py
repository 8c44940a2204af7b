"""How long rankings take: ours, and how others are used. One table, and the same as JSON.

    make bench-ranking                                   # within ten minutes
    python -m bench.ranking --quick                      # only 13,000 votes
    python -m bench.ranking --budget 60 --output FILE.json

Every contestant runs in a process of its own, with one BLAS thread and one of ours but for the line that says two.
Times are the least of three runs, one where a run takes long. What has not ended after `--budget` seconds is a dash;
a time whose fit had not converged is marked with "!". Peak memory is the process's, its votes included.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np

from bench.ranking.contestants import contestants

SIZES = [(votes, models) for models in (21, 200) for votes in (13_000, 100_000, 1_000_000, 10_000_000)]
QUICK = [(13_000, 21)]
CONVERGED = 1e-7
"""Largest part of the votes that a converged fit may leave unexplained."""
MOST_VOTES = {"choix, lists": 100_000, "evalica": 1_000_000, "classic logistic": 1_000_000}
PINNED = ["OMP_NUM_THREADS=1", "OPENBLAS_NUM_THREADS=1", "MKL_NUM_THREADS=1"]


def run_case(votes: int, models: int, name: str, source: str, budget: float) -> list[dict[str, Any]]:
    """What a contestant said of its tasks; of one that was stopped, those that it had ended."""
    command = ["env", *PINNED, sys.executable, "-m", "bench.ranking.case", str(votes), str(models), name, source]
    root = Path(__file__).resolve().parents[2]
    try:
        ended = subprocess.run(command, cwd=root, capture_output=True, timeout=budget, check=False)
        said, failed = ended.stdout, ended.returncode
        if failed:
            print(ended.stderr.decode()[-2000:], file=sys.stderr)
    except subprocess.TimeoutExpired as stopped:
        said = stopped.stdout or b""
    size = {"votes": votes, "models": models, "contestant": name, "source": source}
    return [size | json.loads(line) for line in said.decode().splitlines()]


def table(found: list[dict[str, Any]], sizes: list[tuple[int, int]]) -> str:
    """One line for each contestant, source and task; a column for each size: seconds, and peak memory."""
    sizes = [size for size in sizes if any((one["votes"], one["models"]) == size for one in found)]
    keys = list(dict.fromkeys((one["task"], one["contestant"], one["source"]) for one in found))
    tasks = list(dict.fromkeys(task for task, _, _ in keys))
    keys.sort(key=lambda key: tasks.index(key[0]))
    by_key = {(one["task"], one["contestant"], one["source"], one["votes"], one["models"]): one for one in found}
    lines = [
        "| task | contestant | from | " + " | ".join(f"{_short(votes)} × {models}" for votes, models in sizes) + " |"
    ]
    lines.append("|" + "---|" * (3 + len(sizes)))
    for key in keys:
        cells = [_cell(by_key, key, size) for size in sizes]
        lines.append(f"| {key[0]} | {key[1]} | {key[2]} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _cell(by_key: dict[Any, dict[str, Any]], key: tuple[str, str, str], size: tuple[int, int]) -> str:
    one = by_key.get((*key, *size))
    if one is None:
        return "–"
    seconds = min(one["seconds"])
    ours = by_key.get((key[0], "ours", key[2], *size)) or by_key.get((key[0], "ours", "codes", *size))
    ratio = f" ({seconds / min(ours['seconds']):.3g}×)" if ours and key[1] != "ours" else ""
    return f"{seconds:.3g} s{'!' if one['unexplained'] > CONVERGED else ''}{ratio}, {one['peak_mb']} MB"


def _short(votes: int) -> str:
    return f"{votes // 1_000_000}M" if votes >= 1_000_000 else f"{votes // 1000}k"


def main() -> None:
    """Reads the arguments, runs the cases and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="only the smallest size")
    parser.add_argument("--budget", type=float, default=30.0, help="seconds for each contestant and size (default: 30)")
    parser.add_argument("--most", type=int, default=10**9, metavar="VOTES", help="only sizes up to this")
    parser.add_argument("--only", default="", help="only contestants whose name contains this")
    parser.add_argument("--output", type=Path, default=Path("var/bench-ranking.json"))
    options = parser.parse_args()
    sizes = [size for size in (QUICK if options.quick else SIZES) if size[0] <= options.most]
    software = f"Python {platform.python_version()}, NumPy {np.__version__}"
    machine = f"{os.cpu_count()} cores, {platform.machine()}, {software}"
    options.output.parent.mkdir(parents=True, exist_ok=True)
    found: list[dict[str, Any]] = []
    for votes, models in sizes:
        for name, source, _make in contestants():
            if votes <= MOST_VOTES.get(name, votes) and options.only in name:
                found += run_case(votes, models, name, source, options.budget)
                options.output.write_text(json.dumps({"machine": machine, "results": found}, indent=1) + "\n")
                print(f"{_short(votes)} × {models}: {name}, from {source}", file=sys.stderr, flush=True)
    print(f"{machine}\n\n{table(found, sizes)}\n\nThe same as JSON: {options.output}")


if __name__ == "__main__":
    main()
