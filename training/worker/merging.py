"""A sharded checkpoint, or an adapter and its base, as one model in the usual files."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training.exceptions import TrainingError
from training.recipes import Recipe
from training.sft.tokenizers import FOLDER as TOKENIZER
from training.sft.tokenizers import disk_refusals, read_tokenizer
from training.worker.checkpoints import WHOLE, BadCheckpoint, about, checkpoint_at
from training.worker.folder import ABOUT
from training.worker.saving import write_model
from training.worker.setup import lora_of

SHARDS = "pytorch_model_fsdp_0"
"""accelerate's name for the folder of a model's shards (PyTorch's distributed checkpoints)."""
ADAPTER = "adapter_config.json"


class CannotMerge(TrainingError):
    """A folder that has nothing to merge, or that does not fit its base."""


@dataclass(frozen=True, slots=True)
class Origin:
    """What is known of the model in a folder. `about` is as in `lehia-model.json`."""

    folder: Path
    about: dict[str, Any]

    @property
    def base(self) -> str:
        return str(self.about["base"])

    @property
    def revision(self) -> str | None:
        return self.about.get("base_revision") or None

    @property
    def data(self) -> Path | None:
        """The prepared folder it was trained on, if that is still there."""
        folder = Path(self.about.get("recipe", {}).get("data", "")) / TOKENIZER
        return folder if folder.is_dir() else None


def origin_of(folder: Path, base: str = "", revision: str = "") -> Origin:
    """What a checkpoint or a model's folder says of itself; `base` where it says nothing. Raises BadCheckpoint."""
    if (folder / WHOLE).exists() or folder.name.startswith("checkpoint-"):
        checkpoint_at(folder)
        sealed = about(folder)
        known = {**sealed.get("about", {}), "steps": sealed.get("step", 0)}
    elif (folder / ABOUT).exists():
        known = _read(folder / ABOUT)
    elif folder.is_dir():
        known = {
            "format": 1,
            "name": folder.name,
            "factors": {},
            "data_sha256": "",
            "seed": 0,
            "steps": 0,
            "recipe": {},
        }
    else:
        raise BadCheckpoint(f"{folder} is no folder.")
    known |= {"base": base, "base_revision": revision} if base else {}
    if not known.get("base"):
        raise BadCheckpoint(f"{folder} does not say which model it was trained from: name it by --base.")
    return Origin(folder, known)


def merge(origin: Origin, output: Path) -> str:
    """Write the merged model to `output`; what was merged, in a word. Raises CannotMerge and CannotWrite."""
    if output.is_file() or output.exists() and any(output.iterdir()):
        raise CannotMerge(f"{output} is there, and not empty: give another --output.")
    if output.exists():
        output.rmdir()
    kind = "full"
    if (origin.folder / SHARDS).is_dir() and origin.about.get("kind") == "adapter":
        save, what, kind = _merge_adapter_shards, "adapter's shards", "adapter"
    elif (origin.folder / SHARDS).is_dir():
        save, what = _merge_shards, "shards"
    elif (origin.folder / ADAPTER).is_file():
        save, what = _merge_adapter, "adapter"
    else:
        raise CannotMerge(
            f"{origin.folder} has neither shards ({SHARDS}/) nor an adapter ({ADAPTER}): nothing to merge."
        )
    about_merged = {**origin.about, "kind": kind}
    tokenizer = _tokenizer(origin)

    def write(aside: Path) -> None:
        save(origin, aside)
        if tokenizer is None:
            with disk_refusals():
                read_tokenizer(origin.base, origin.revision or "").save_pretrained(aside)

    write_model(output, about_merged, write, tokenizer)
    return what


def _merge_shards(origin: Origin, aside: Path) -> None:
    """Bit by bit what the shards hold, in the same dtype."""
    from transformers import GenerationConfig

    config = _config(origin)
    config.dtype = _check_weights(_whole(origin, aside), config, origin)
    config.save_pretrained(aside)
    try:
        generation = GenerationConfig.from_pretrained(origin.base, revision=origin.revision)
    except OSError:
        # Not every model comes with one.
        generation = GenerationConfig.from_model_config(config)
    if ends := origin.about.get("end_tokens"):
        generation.eos_token_id = ends
    generation.save_pretrained(aside)


def _merge_adapter_shards(origin: Origin, aside: Path) -> None:
    """An adapter that was trained in shards, as peft's own files. Its weights have the names of these already."""
    weights = _whole(origin, aside)
    config = lora_of(Recipe.from_json(origin.about.get("recipe", {})))
    if config is None:
        raise CannotMerge(f"{origin.folder} has shards of an adapter, and its recipe has no adapter.")
    config.base_model_name_or_path = origin.base
    config.inference_mode = True
    config.save_pretrained(aside)
    weights.rename(aside / "adapter_model.safetensors")


def _whole(origin: Origin, aside: Path) -> Path:
    """The shards' weights in one file, by accelerate, as `accelerate merge-weights` does it. Raises CannotMerge."""
    from accelerate.utils import merge_fsdp_weights
    from torch.distributed.checkpoint import CheckpointException

    try:
        merge_fsdp_weights(str(origin.folder / SHARDS), str(aside))
    except (CheckpointException, ValueError, KeyError, EOFError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise CannotMerge(f"The shards of {origin.folder} cannot be read: {reason}") from error
    return aside / "model.safetensors"


def _check_weights(path: Path, config: Any, origin: Origin) -> Any:
    """The dtype of the weights. Raises CannotMerge where they are not those of the base's kind of model."""
    import torch
    from safetensors import safe_open
    from transformers import AutoModelForCausalLM

    with torch.device("meta"):
        wanted = {
            name: tuple(value.shape) for name, value in AutoModelForCausalLM.from_config(config).state_dict().items()
        }
    with safe_open(path, framework="pt") as file:
        names = list(file.keys())
        found = {name: tuple(file.get_slice(name).get_shape()) for name in names}
        dtype = file.get_tensor(names[0]).dtype if names else None
    if config.tie_word_embeddings:
        for shapes in (wanted, found):
            shapes.pop("lm_head.weight", None)
    if wrong := sorted(name for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name)):
        raise CannotMerge(
            f"The shards of {origin.folder} do not fit {origin.base}: {wrong[0]} is {found.get(wrong[0], 'missing')}, "
            f"and should be {wanted.get(wrong[0], 'absent')}."
        )
    return dtype


def _merge_adapter(origin: Origin, aside: Path) -> None:
    """Added in float32 and kept in the base's own dtype: sums in bf16 would lose the small ones."""
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    kept = _config(origin).dtype or torch.float32
    try:
        base = AutoModelForCausalLM.from_pretrained(origin.base, revision=origin.revision, dtype=torch.float32)
        merged = PeftModel.from_pretrained(base, str(origin.folder)).merge_and_unload()
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise CannotMerge(f"The adapter in {origin.folder} does not go into {origin.base}: {reason}") from error
    if ends := origin.about.get("end_tokens"):
        merged.generation_config.eos_token_id = ends
    merged.to(kept).save_pretrained(aside)


def _config(origin: Origin) -> Any:
    from transformers import AutoConfig

    try:
        return AutoConfig.from_pretrained(origin.base, revision=origin.revision)
    except (OSError, ValueError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise CannotMerge(f"The base {origin.base} cannot be read: {reason}") from error


def _tokenizer(origin: Origin) -> Path | None:
    """Where the tokenizer's files are: beside the adapter, or with the data, or with the base; None on the hub."""
    for folder in (origin.folder, origin.data, Path(origin.base)):
        if folder and (folder / "tokenizer.json").is_file():
            return folder
    return None


def _read(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadCheckpoint(f"{path} cannot be read: {error}.") from error
    if not isinstance(value, dict):
        raise BadCheckpoint(f"{path} is no JSON object.")
    return value
