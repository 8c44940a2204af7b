"""What processes cost, from /proc, and what machine this is."""

import os
import platform
from dataclasses import dataclass
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Cost:
    """CPU in seconds since each process started, memory in bytes."""

    cpu: float
    memory: int


def cost_of(root: int) -> Cost:
    """A process and all below it. Memory is the proportional share, so that what workers share counts once."""
    cpu, memory = 0.0, 0
    for pid in [root, *_below(root)]:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        cpu += (int(fields[11]) + int(fields[12])) / _TICKS
        memory += _pss(pid)
    return Cost(cpu, memory)


def cpu_named(*names: str) -> float:
    """CPU seconds of all processes of these names that live now, on the whole machine."""
    total = 0.0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            head, _bracket, rest = stat.read_text().rpartition(")")
        except OSError:
            # It ended while we were looking.
            continue
        if head.partition("(")[2] in names:
            fields = rest.split()
            total += (int(fields[11]) + int(fields[12])) / _TICKS
    return total


def description() -> dict[str, object]:
    """The machine, for the record beside the figures."""
    models = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    return {
        "cpu": models[0].partition(": ")[2] if models else platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
        "python": platform.python_version(),
        "load_before": round(os.getloadavg()[0], 2),
    }


def _pss(pid: int) -> int:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return 0


def _below(root: int) -> list[int]:
    children = Path(f"/proc/{root}/task/{root}/children").read_text().split()
    return [pid for child in children for pid in [int(child), *_below(int(child))]]
