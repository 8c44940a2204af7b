"""Which GPUs this process may use, as CUDA is told."""

import os


def visible_gpus() -> tuple[str, ...] | None:
    """The GPUs that CUDA_VISIBLE_DEVICES names, by number or UUID. None where it is not set: all of them."""
    value = os.environ.get("CUDA_VISIBLE_DEVICES")
    return None if value is None else tuple(name.strip() for name in value.split(",") if name.strip())
