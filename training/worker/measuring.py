"""What is measured while a model is trained: a line of JSON a step, and a line for whoever watches."""

import json
import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training.exceptions import CannotWrite, TrainingError
from training.worker.speed import share_of_peak

NAMES = {"loss": "loss", "eval_loss": "eval_loss", "learning_rate": "lr", "grad_norm": "grad_norm"}


class Diverged(TrainingError):
    """A loss that is no number any more."""


@dataclass(frozen=True, slots=True)
class Cards:
    """What computes, and the FLOPs of a token on it. `number` is 0 without a GPU."""

    name: str
    number: int
    flops_per_token: int


class Meter:
    """Writes `metrics.jsonl`: step, epoch, loss, lr, grad_norm, tokens so far, tokens_per_s, share_of_peak."""

    def __init__(self, path: Path, cards: Cards, total: int, tokens: int = 0) -> None:
        self._path = path
        self._cards = cards
        self._total = total
        self._tokens = tokens
        self._began = time.monotonic()
        self._speeds: list[float] = []

    def begin(self) -> None:
        """A step begins."""
        self._began = time.monotonic()

    def measured(self, step: int, logs: dict[str, Any]) -> None:
        """What the trainer logs after a step, or after an evaluation. Raises Diverged and CannotWrite."""
        line = {ours: logs[theirs] for theirs, ours in NAMES.items() if theirs in logs}
        if not line:
            return
        line = {"step": step, "epoch": logs.get("epoch"), **line}
        if "loss" in line:
            line |= self._speed(int(logs["num_tokens"]))
        if bad := [name for name in ("loss", "eval_loss") if not math.isfinite(line.get(name, 0.0))]:
            raise Diverged(
                f"At step {step} the {bad[0]} is {line[bad[0]]}: training has diverged. "
                "Train anew with a lower learning rate, in another folder."
            )
        self._write(line)
        print(_shown(line, self._total), flush=True)

    def summary(self) -> str:
        """How fast it was, in the middle of all steps."""
        if not self._speeds:
            return ""
        speed = sorted(self._speeds)[len(self._speeds) // 2]
        share = share_of_peak(speed, self._cards.flops_per_token, self._cards.name, self._cards.number)
        of_peak = f", {share:.1%} of the peak of {self._cards.number} × {self._cards.name}" if share is not None else ""
        return f"{speed:,.0f} tokens/s{of_peak}"

    def _speed(self, tokens: int) -> dict[str, Any]:
        speed = (tokens - self._tokens) / max(time.monotonic() - self._began, 1e-9)
        self._tokens = tokens
        self._speeds.append(speed)
        share = share_of_peak(speed, self._cards.flops_per_token, self._cards.name, self._cards.number)
        measured: dict[str, Any] = {"tokens": tokens, "tokens_per_s": round(speed, 1)}
        return measured if share is None else measured | {"share_of_peak": round(share, 4)}

    def _write(self, line: dict[str, Any]) -> None:
        try:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")
        except OSError as error:
            raise CannotWrite(
                f"{self._path} could not be written: {error.strerror or error}. The checkpoints are as they were: "
                "make room and start again with --resume auto."
            ) from error


def _shown(line: dict[str, Any], total: int) -> str:
    if "eval_loss" in line:
        return f"step {line['step']}/{total}: evaluation loss {line['eval_loss']:.4f}"
    return (
        f"step {line['step']}/{total}: loss {line['loss']:.4f}, lr {line['lr']:.3g}, "
        f"{line['tokens']:,} tokens, {line['tokens_per_s']:,.0f} tokens/s"
    )
