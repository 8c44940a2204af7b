"""The model that a run ends with: a folder that is there whole or not at all."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from training.exceptions import CannotWrite
from training.sft.tokenizers import FOLDER as TOKENIZER
from training.worker.folder import ABOUT

TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "chat_template.jinja")


def write_model(folder: Path, about: dict[str, Any], save: Callable[[Path], None], tokenizer: Path | None) -> None:
    """Make `folder`: what `save` writes to the folder it is given, a tokenizer's files, and `lehia-model.json`.

    Written beside and renamed. Raises CannotWrite. Nothing of it is left after an error, this one or one of `save`.
    """
    from safetensors import SafetensorError

    aside = folder.with_name(f".{folder.name}.part")
    try:
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir(parents=True)
        save(aside)
        if tokenizer is not None:
            _copy(tokenizer, aside)
        (aside / ABOUT).write_text(json.dumps(about, indent=2, sort_keys=True) + "\n", encoding="utf-8")
        for file in aside.iterdir():
            _settle(file, like=aside / ABOUT)
        aside.replace(folder)
    except (OSError, RuntimeError, SafetensorError) as error:
        raise CannotWrite(
            f"{folder} could not be written: {error}. Nothing of it is left; make room and run the same again."
        ) from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def save_weights(model: Any, dtype: str, folder: Path) -> None:
    """Write a model, or an adapter, as the libraries read it; a full model in `dtype`, `bf16` or `fp32`."""
    import torch

    if dtype == "bf16" and not hasattr(model, "peft_config"):
        model = model.to(torch.bfloat16)
    model.config.use_cache = True
    model.save_pretrained(folder)


def prepared_tokenizer(data: Path) -> Path:
    """Where a prepared folder has its tokenizer."""
    return data / TOKENIZER


def _copy(tokenizer: Path, folder: Path) -> None:
    for name in TOKENIZER_FILES:
        if (tokenizer / name).is_file():
            shutil.copyfile(tokenizer / name, folder / name)


def _settle(path: Path, like: Path) -> None:
    """On the disk, and readable for whom other files are: the library makes weights readable for their owner alone."""
    if path.is_file():
        path.chmod(like.stat().st_mode)
        with path.open("rb") as file:
            os.fsync(file.fileno())
