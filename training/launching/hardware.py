"""What this machine has for training, and what follows for settings that were not given."""

from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any


@dataclass(frozen=True, slots=True)
class Here:
    """GPUs that torch can use, and packages of kernels."""

    gpus: int = 0
    has_flash_attention: bool = False
    has_liger: bool = False


ELSEWHERE = Here(gpus=1, has_flash_attention=True, has_liger=True)
"""A machine that has whatever the study had."""


def look() -> Here:
    """Raises ModuleNotFoundError where torch is not installed."""
    import torch

    gpus = torch.cuda.device_count() if torch.cuda.is_available() else 0
    return Here(gpus, find_spec("flash_attn") is not None, find_spec("liger_kernel") is not None)


def suited(here: Here, *, uses_gpus: bool) -> dict[str, tuple[Any, str]]:
    """Where this machine cannot have the study's dtype, attention and kernels: what instead, by field, and why."""
    found: dict[str, tuple[Any, str]] = {}
    if not uses_gpus:
        found["dtype"] = "fp32", "fp32 instead of bf16, which is slow on a CPU"
    if not uses_gpus or not here.has_flash_attention:
        why = "which is not installed" if uses_gpus else "which needs a GPU"
        found["attention"] = "sdpa", f"sdpa instead of FlashAttention 2, {why}"
    if not uses_gpus or not here.has_liger:
        why = "which are not installed" if uses_gpus else "which need a GPU"
        found["liger"] = False, f"no Liger kernels, {why}"
    return found
