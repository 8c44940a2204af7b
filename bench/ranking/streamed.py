"""How much memory and time `manage.py rank` needs for a Parquet file of any length, clustered by voter.

python -m bench.ranking.streamed --votes 10000000
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from bench.ranking.__main__ import PINNED
from bench.ranking.data import draw

ROOT = Path(__file__).resolve().parents[2]
PART = 500_000


def write(path: Path, votes: int, models: int, voters: int) -> None:
    """A file of nothing but names."""
    codes = draw(votes, models)
    names = ("model_a", "model_b", "winner", "username")
    texts = (codes.models, codes.models, ["model_a", "model_b", "tie"], [f"p_{voter}" for voter in range(voters)])
    columns = (codes.a, codes.b, codes.outcome, np.random.default_rng(1).integers(0, voters, votes))
    with pq.ParquetWriter(path, pa.schema([(name, pa.string()) for name in names])) as file:
        for start in range(0, votes, PART):
            part = [
                pa.array(some).take(pa.array(column[start : start + PART]))
                for some, column in zip(texts, columns, strict=True)
            ]
            file.write_table(pa.table(part, names=names))


def ranked(path: Path) -> tuple[int, float, float]:
    """How many votes of a file were ranked, in how many seconds, and the peak of memory (MB)."""
    said = path.with_suffix(".json")
    command = ["env", *PINNED, sys.executable, "manage.py", "rank", "--input", str(path), "--output", str(said)]
    started = time.perf_counter()
    process = subprocess.Popen([*command, "--format", "json"], cwd=ROOT)
    _, status, used = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"rank ended with {process.returncode}")
    return json.loads(said.read_text())["n_battles"], seconds, used.ru_maxrss * 1024 / 1e6


def main() -> None:
    """Writes a file, ranks it in a process of its own and prints what that needed, as a line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--votes", type=int, default=10_000_000)
    parser.add_argument("--models", type=int, default=21)
    parser.add_argument("--voters", type=int, default=100_000)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "votes.parquet"
        # In a process of its own, since what follows would inherit its peak.
        written = get_context("spawn").Process(target=write, args=(path, asked.votes, asked.models, asked.voters))
        written.start()
        written.join()
        counted, seconds, peak = ranked(path)
    print(json.dumps(vars(asked) | {"counted": counted, "seconds": round(seconds, 1), "peak_mb": round(peak)}))


if __name__ == "__main__":
    main()
