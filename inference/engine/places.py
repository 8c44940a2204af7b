"""What the packer is told, and what it finds. Gigabytes are 10⁹ bytes."""

from dataclasses import dataclass
from typing import TypeAlias

WHOLE = 1000
MOST_TAKEN = 980
"""Thousandths of a GPU's memory that servers may share; the rest is for CUDA's contexts, which vLLM does not count."""
OVERHEAD_GB = 2.0
"""What `fit` adds on each GPU for activations and CUDA graphs."""

GpuId: TypeAlias = tuple[str, int]
"""A host's name and the number of one of its GPUs."""


@dataclass(frozen=True)
class Machine:
    """A host as the packer sees it: the memory of each of its GPUs in GB; none for a host without."""

    name: str
    gpus: tuple[float, ...] = ()


@dataclass(frozen=True)
class Need:
    """One server that wants a place on some of `machines`: on `gpus` GPUs of one of them.

    It takes `share` of each GPU, or, where that is None, `gb_each` rounded up to a hundredth of the GPU. `weights_gb`
    are the weights on each GPU, 0 where they are not known.
    """

    server: str
    machines: tuple[str, ...]
    gpus: int = 1
    share: float | None = None
    gb_each: float = 0.0
    weights_gb: float = 0.0
    pinned: tuple[int, ...] = ()


@dataclass(frozen=True)
class Place:
    """Where one server runs: on `machine`, on these GPUs, with this share of each. No GPUs and no share on a CPU."""

    machine: str
    gpus: tuple[GpuId, ...] = ()
    share: float | None = None

    @property
    def spans(self) -> bool:
        """Whether its GPUs are on several machines."""
        return len({machine for machine, _ in self.gpus}) > 1


class CannotPlace(Exception):
    """There is no room for a server. `server` names it; the text has the arithmetic."""

    def __init__(self, server: str, message: str) -> None:
        super().__init__(message)
        self.server = server
