"""What the files of models and adapters say: their size, their rank."""

import json
from pathlib import Path
from typing import Any

from inference.engine.spec.types import LORA_RANKS, AdapterSpec, ModelSpec, Spec

ADAPTER_CONFIG = "adapter_config.json"
ADAPTER_WEIGHTS = ("adapter_model.safetensors", "adapter_model.bin", "adapter_model.pt")


def weights_gb(folder: Path) -> float | None:
    """Size of a model's weights in GB (10⁹ bytes). None where there are none in `folder`."""
    for pattern in ("*.safetensors", "*.bin"):
        sizes = [path.stat().st_size for path in folder.glob(pattern)]
        if sizes:
            return sum(sizes) / 1e9
    return None


def check_template(spec: Spec, model: ModelSpec, root: Path) -> None:
    """Raises SpecError where the chat template is no file."""
    if model.chat_template and not (root / model.chat_template).is_file():
        raise spec.error(model, "chat_template", f"is not there: {root / model.chat_template}")


def adapter_rank(spec: Spec, model: ModelSpec, adapter: AdapterSpec, root: Path) -> int:
    """The highest rank in the adapter's files. Raises SpecError where they are missing, or are no adapter."""
    folder = root / adapter.path
    if not folder.is_dir():
        raise spec.error(adapter, "path", f"is no folder: {folder}, the adapter {adapter.name} of {model.name}")
    if not (folder / ADAPTER_CONFIG).is_file():
        raise spec.error(adapter, "path", f"is no adapter: {folder} has no {ADAPTER_CONFIG}")
    if not any((folder / name).is_file() for name in ADAPTER_WEIGHTS):
        raise spec.error(adapter, "path", f"is no adapter: {folder} has no {ADAPTER_WEIGHTS[0]}")
    try:
        rank = _rank(json.loads((folder / ADAPTER_CONFIG).read_text()))
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise spec.error(adapter, "path", f"is no adapter: {folder / ADAPTER_CONFIG} has no rank: {error!r}") from error
    most = model.max_lora_rank or LORA_RANKS[-1]
    if rank > most:
        raise spec.error(adapter, "path", f"is an adapter of rank {rank}, above max_lora_rank {most} of {model.name}")
    return rank


def _rank(config: Any) -> int:
    if config.get("peft_type", "LORA") != "LORA":
        raise ValueError(f"it is of the kind {config['peft_type']}, not LORA")
    ranks = [int(rank) for rank in (config["r"], *(config.get("rank_pattern") or {}).values())]
    if min(ranks) < 1:
        raise ValueError(f"a rank is at least 1, not {min(ranks)}")
    return max(ranks)
