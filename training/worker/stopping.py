"""Told to stop (SIGTERM, as Slurm sends it before it takes a node away, or Ctrl-C): end the step, save, and end."""

import signal
from types import FrameType
from typing import Any

SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Stop:
    """Whether this process was told to stop. A second signal ends it at once."""

    def __init__(self) -> None:
        self.asked = False

    def listen(self) -> None:
        for number in SIGNALS:
            signal.signal(number, self._told)

    def asked_of_any(self, device: Any) -> bool:
        """Whether any process was: all of them have to save together. Each calls it as often as the others."""
        import torch
        import torch.distributed as dist

        if not (dist.is_available() and dist.is_initialized()):
            return self.asked
        flag = torch.tensor([int(self.asked)], device=device)
        dist.all_reduce(flag, op=dist.ReduceOp.MAX)
        return bool(flag.item())

    def _told(self, number: int, _frame: FrameType | None) -> None:
        self.asked = True
        signal.signal(number, signal.SIG_DFL)
