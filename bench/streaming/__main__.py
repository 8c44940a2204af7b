"""What the arena adds to a stream of tokens, measured over real sockets and real services.

    make bench-streaming                          the table, and JSON in var/bench/streaming.json
    python -m bench.streaming --sizes 10 50       only these numbers of battles at once

The same client reads the same scripted model server directly, through a bare relay, and through the arena (gunicorn,
PostgreSQL, Redis), with battles arriving evenly.
"""

import argparse
import json
import subprocess
import sys
import time
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench.streaming import machine, servers
from bench.streaming.figures import Figures, Spent, figures
from bench.streaming.report import table
from bench.streaming.script import Pace
from tests.system.stack import ROOT, Stack

RATE = 20.0
#: Seconds in which all battles of a size arrive, and for which all of them then stream at once.
ARRIVAL, TOGETHER = 15.0, 12.0
#: After the last has arrived and before the first is whole, in seconds.
MARGIN = 2.0
PACE = Pace(tokens=round((ARRIVAL + TOGETHER) * RATE), rate=RATE)
LIMIT, WARM_UP = 120.0, 2.0
DATABASES = ("postgres", "redis-server")


def main() -> int:
    """Measure every size by every way, print the table, write the JSON."""
    parser = argparse.ArgumentParser(prog="python -m bench.streaming", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[10, 50, 200, 500], help="battles at once")
    parser.add_argument("--workers", type=int, default=2, help="tried too where one web worker is busy half the time")
    parser.add_argument("--ways", nargs="+", default=["direct", "relay", "arena", "faults"])
    parser.add_argument("--output", type=Path, default=ROOT / "var" / "bench" / "streaming.json")
    parser.add_argument("--postgres", default="postgresql://postgres@127.0.0.1:5432", help="a server on this machine")
    parser.add_argument("--redis", default="redis://127.0.0.1:6379/10", help="a server on this machine, and a number")
    options = parser.parse_args()
    services = servers.Services(options.postgres, options.redis)
    about = machine.description()
    print(f"{about['cores']} cores, {about['cpu']}, Python {about['python']}; load {about['load_before']} before\n")
    rows: list[Figures] = []
    with servers.model_server(PACE) as base_url:
        for size in options.sizes:
            for way in (way for way in options.ways if way in ("direct", "relay")):
                rows.append(_simple(way, size, base_url))
            if "arena" in options.ways:
                rows.append(_arena(size, base_url, services, 1))
                if rows[-1].is_busy and options.workers > 1:
                    rows.append(_arena(size, base_url, services, options.workers))
            print(table(rows), end="\n\n", flush=True)
        if "faults" in options.ways:
            rows += _faults(base_url, services)
            print(table(rows), flush=True)
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(json.dumps({"machine": about, "rows": [asdict(row) for row in rows]}, indent=2) + "\n")
    return 0


def _simple(way: str, size: int, base_url: str) -> Figures:
    """Directly, or through the relay."""
    battles = [{"kind": "ok", "models": {"a": "bench-a", "b": "bench-b"}}] * size
    if way == "direct":
        return figures(way, _client(way, base_url, battles), PACE)
    with servers.relay(base_url) as (url, pid):
        _client(way, url, battles[:2], limit=WARM_UP)
        meter = Meter(pid)
        notes = _client(way, url, battles, meter)
        return figures(way, notes, PACE, meter.spent())


def _arena(size: int, base_url: str, services: servers.Services, workers: int) -> Figures:
    name = "arena" if workers == 1 else f"arena, {workers} workers"
    with servers.arena(ROOT / "var" / "bench" / "stack", services, workers) as (stack, pid):
        battles = _battles(stack, base_url, ok=size + 2)
        url = stack.address.replace("http", "ws", 1)
        # Connections, pools and code paths are warm before anything counts.
        _client("arena", url, battles[:2], limit=WARM_UP)
        meter = Meter(pid)
        notes = _client("arena", url, battles[2:], meter)
        return figures(name, notes, PACE, meter.spent())


def _faults(base_url: str, services: servers.Services) -> list[Figures]:
    """Battles of healthy models, alone and while as many others hang, crawl, die and are refused."""
    rows = []
    for name, faults in (("healthy alone", {}), ("beside faults", dict.fromkeys(_FAULTS, 13))):
        with servers.arena(ROOT / "var" / "bench" / "stack", services, 1) as (stack, _pid):
            battles = _battles(stack, base_url, ok=50, **faults)
            # Mixed evenly, so that each kind arrives all the time.
            battles.sort(key=lambda battle: str(battle["uid"]))
            url = stack.address.replace("http", "ws", 1)
            notes = [note for note in _client("arena", url, battles, limit=60.0) if note["kind"] == "ok"]
            rows.append(figures(name, notes, PACE))
    return rows


_FAULTS = ("hangs", "crawls", "dies", "refuses")


def _battles(stack: Stack, base_url: str, **kinds: int) -> list[dict[str, Any]]:
    code = f"from bench.streaming.battles import make; result = make({base_url!r}, {kinds!r})"
    made: list[dict[str, Any]] = stack.evaluate(code)
    return made


class Meter:
    """What a process and the databases cost, from now on."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._before = machine.cost_of(pid)
        self._databases = machine.cpu_named(*DATABASES)
        self._memory_grown = 0
        self._streaming = (0.0, 0.0)

    def watch(self) -> None:
        """Waits for the time in which all battles stream, and measures it. Called when the client starts."""
        time.sleep(ARRIVAL + MARGIN)
        started, begin = time.monotonic(), machine.cost_of(self._pid).cpu
        time.sleep(TOGETHER - 2 * MARGIN)
        peak = machine.cost_of(self._pid)
        self._memory_grown = peak.memory - self._before.memory
        self._streaming = (peak.cpu - begin, time.monotonic() - started)

    def spent(self) -> Spent:
        return Spent(
            cpu_seconds=machine.cost_of(self._pid).cpu - self._before.cpu,
            database_seconds=machine.cpu_named(*DATABASES) - self._databases,
            memory_grown=self._memory_grown,
            streaming_cpu_seconds=self._streaming[0],
            streaming_seconds=self._streaming[1],
        )


def _client(
    way: str,
    url: str,
    battles: list[dict[str, Any]],
    meter: Meter | None = None,
    *,
    limit: float = LIMIT,
) -> list[dict[str, Any]]:
    """Runs the client on these battles; measures memory when all of them stream."""
    every = min(ARRIVAL, limit) / len(battles)
    plan = {"way": way, "url": url, "every": every, "limit": limit, "battles": battles}
    client = subprocess.Popen(
        [sys.executable, "-m", "bench.streaming.load"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert client.stdin is not None
    client.stdin.write(json.dumps(plan).encode())
    client.stdin.close()
    if meter is not None:
        meter.watch()
    assert client.stdout is not None
    notes: list[dict[str, Any]] = json.loads(client.stdout.read())
    client.wait()
    problems = Counter(note["problem"] for note in notes if note["problem"]) if limit == LIMIT else {}
    for problem, times in problems.items():
        print(f"{times} battles: {problem}", file=sys.stderr)
    return notes


if __name__ == "__main__":
    sys.exit(main())
