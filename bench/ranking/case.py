"""One contestant on one size, in a process of its own: a line of JSON for each task."""

import json
import resource
import sys
import time
import warnings

from bench.ranking.contestants import contestants
from bench.ranking.data import draw, unexplained

REPEATS = 3
LONG = 5.0
"""Seconds from which a task is run once."""


def main(votes: int, models: int, name: str, source: str) -> None:
    """Times each task of a contestant and checks that its fit has converged."""
    warnings.simplefilter("ignore")
    make = next(make for who, where, make in contestants() if (who, where) == (name, source))
    next(iter(make(draw(500, 4)).values()))()  # so that no task pays for imports
    codes = draw(votes, models)
    for task, work in make(codes).items():
        seconds = []
        while len(seconds) < REPEATS and sum(seconds) < LONG:
            started = time.perf_counter()
            found = work()
            seconds.append(time.perf_counter() - started)
        fits = isinstance(found, tuple) or hasattr(found, "dtype")
        strength, wins = found if isinstance(found, tuple) else (found, codes.wins() if fits else None)
        residual = unexplained(wins, strength) if fits else 0.0
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        said = {"task": task, "seconds": seconds, "unexplained": residual, "peak_mb": round(peak)}
        print(json.dumps(said), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4])
