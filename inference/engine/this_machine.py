"""What this machine is and has: its addresses, its GPUs."""

import socket
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from inference.engine.plan import Server
from inference.engine.spec import HostSpec, Spec
from inference.exceptions import EngineError

_AMD = Path("/dev/kfd")
_SECONDS_TO_LIST = 30
# A card sold with 80 GB may have a little less than 80 · 10⁹ bytes.
_TOLERANCE = 0.95


@dataclass(frozen=True)
class Gpus:
    """The GPUs of this machine that may be used."""

    names: tuple[str, ...]
    """What CUDA calls each: a number or a UUID."""
    memory_gb: tuple[float | None, ...]
    """In GB (10⁹ bytes), None where it is not known."""


def is_here(host: HostSpec) -> bool:
    """Whether `host` is this machine: whether a server could listen on its address."""
    try:
        found = socket.getaddrinfo(host.reached_at.strip("[]"), 0, type=socket.SOCK_STREAM)
        family, kind, protocol, _, address = found[0]
        with socket.socket(family, kind, protocol) as listening:
            listening.bind(address)
    except OSError:
        return False
    return True


def gpus_here(visible: Sequence[str] | None) -> Gpus | None:
    """The GPUs of this machine, as nvidia-smi lists them, less those that `visible` leaves out.

    None where they cannot be known, because they are not NVIDIA's. Raises EngineError where the driver hangs.
    """
    command = ["nvidia-smi", "--query-gpu=index,uuid,memory.total", "--format=csv,noheader,nounits"]
    try:
        listed = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS_TO_LIST).stdout
    except FileNotFoundError:
        return None if _AMD.exists() else Gpus((), ())
    except subprocess.TimeoutExpired as error:
        raise EngineError(f"nvidia-smi did not answer within {_SECONDS_TO_LIST} s.") from error
    rows = [[cell.strip() for cell in line.split(",")] for line in listed.splitlines() if line.count(",") == 2]
    memory = {name: _gb(mebibytes) for index, uuid, mebibytes in rows for name in (index, uuid)}
    names = tuple(visible) if visible is not None else tuple(index for index, _, _ in rows)
    return Gpus(names, tuple(memory.get(name) for name in names))


def check_gpus(spec: Spec, host: HostSpec, servers: Sequence[Server], found: Gpus | None) -> None:
    """Raises SpecError where `servers`, which are to run on `host`, would use GPUs that are not there."""
    used = sorted({index for server in servers for name, index in server.gpus if name == host.name})
    if not used or found is None:
        return
    if used[-1] >= len(found.names):
        raise spec.error(
            host,
            "gpus",
            f"of {host.name}: the plan uses GPU {used[-1]}, and {len(found.names)} can be used on this machine "
            "(see nvidia-smi and CUDA_VISIBLE_DEVICES)",
        )
    for index in used:
        actual = found.memory_gb[index]
        if actual is not None and actual < host.gpus[index] * _TOLERANCE:
            raise spec.error(
                host, "gpus", f"of {host.name}: GPU {index} has {actual:.1f} GB of memory, not {host.gpus[index]:g}"
            )


def _gb(mebibytes: str) -> float | None:
    return int(mebibytes) * 1024 * 1024 / 1e9 if mebibytes.isdigit() else None
