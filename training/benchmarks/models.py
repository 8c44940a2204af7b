"""The models that are evaluated: in this process, or at a server."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training.asking import Api
from training.exceptions import EvaluationFailed, TrainingError

CARD = "lehia-model.json"
_EDGE = 1 << 20


@dataclass(frozen=True, slots=True)
class InProcess:
    """A model that transformers loads. `path` is a folder or an id of a hub, `adapter` the folder of an adapter of it.

    `device`, `dtype`: those of torch; empty means what this machine is best at. `parallelize`: over all GPUs.
    """

    path: str
    revision: str = ""
    adapter: str = ""
    tokenizer: str = ""
    device: str = ""
    dtype: str = ""
    batch_size: int = 1
    max_length: int = 0
    parallelize: bool = False


@dataclass(frozen=True, slots=True)
class Served:
    """A model at a server of completions. `tokenizer`: a folder or an id of a hub, the same as the server's."""

    api: Api
    tokenizer: str
    revision: str = ""
    max_length: int = 0


@dataclass(frozen=True, slots=True)
class Named:
    """A model with the name that its results go by, and the card that its training wrote, if it did."""

    name: str
    source: InProcess | Served
    identity: str
    """Its revision, or what tells the content of its folder from another."""
    card: dict[str, Any]


def local_model(path: str, *, name: str = "", revision: str = "", tokenizer: str = "", **settings: Any) -> Named:
    """A checkpoint or adapter with its card, a folder of transformers, or an id of a hub. Raises EvaluationFailed."""
    folder = Path(path)
    if not folder.is_dir():
        if folder.is_absolute() or path.startswith(".") or path.count("/") > 1:
            raise EvaluationFailed(f"There is no folder {path}.")
        source = InProcess(path, revision, tokenizer=tokenizer, **settings)
        return Named(name or path, source, revision or "main", {})
    card = _card(folder)
    is_adapter = (folder / "adapter_config.json").exists()
    if not is_adapter and not (folder / "config.json").exists():
        advice = f" Is it {folder / 'model'}?" if (folder / "model").is_dir() else ""
        raise EvaluationFailed(f"{path} holds no model: it has neither config.json nor adapter_config.json.{advice}")
    base = _base(folder, card) if is_adapter else path
    base_revision = str(card.get("base_revision") or "") if is_adapter else revision
    source = InProcess(base, base_revision, path if is_adapter else "", tokenizer, **settings)
    return Named(name or str(card.get("name") or folder.resolve().name), source, fingerprint(folder), card)


def fingerprint(folder: Path) -> str:
    """A hash of the names and sizes of a folder's files, and of the first and last MiB of each.

    Enough to tell a model from one that was trained anew, without reading 140 GB. Raises EvaluationFailed.
    """
    digest = hashlib.sha256()
    try:
        for file in sorted(path for path in folder.iterdir() if path.is_file()):
            size = file.stat().st_size
            digest.update(f"{file.name}\0{size}\0".encode())
            with file.open("rb") as content:
                digest.update(content.read(_EDGE))
                content.seek(max(size - _EDGE, 0))
                digest.update(content.read(_EDGE))
    except OSError as error:
        raise EvaluationFailed(f"{folder} cannot be read: {error.strerror or error}.") from error
    return digest.hexdigest()


def _card(folder: Path) -> dict[str, Any]:
    path = folder / CARD
    try:
        card = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise EvaluationFailed(f"{path} cannot be read: {error}.") from error
    if not isinstance(card, dict):
        raise EvaluationFailed(f"{path} is no JSON object.")
    return card


def _base(folder: Path, card: dict[str, Any]) -> str:
    """The model that an adapter belongs to, as its card says, or the settings that peft wrote."""
    path = folder / "adapter_config.json"
    try:
        base = card.get("base") or json.loads(path.read_text(encoding="utf-8"))["base_model_name_or_path"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise EvaluationFailed(f"{path} does not name the model that it adapts: {error}.") from error
    return str(base)


def load_tokenizer(named: Named) -> Any:
    """The tokenizer of a model. Raises EvaluationFailed."""
    from transformers import AutoTokenizer

    source = named.source
    path = source.tokenizer or (source.path if isinstance(source, InProcess) else source.api.model)
    try:
        return AutoTokenizer.from_pretrained(path, revision=source.revision or None)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise EvaluationFailed(
            f"The tokenizer of {path} cannot be loaded ({str(error).strip().partition(chr(10))[0].rstrip('.')}). Name "
            "a folder or an id of a hub that has it by --tokenizer."
        ) from error


def has_template(tokenizer: Any, wanted: str) -> bool:
    """Whether prompts go through the chat template: `yes`, `no`, or `auto`, where there is one."""
    if wanted == "yes" and not tokenizer.chat_template:
        raise TrainingError("--chat-template yes: the model's tokenizer has no chat template.")
    return wanted == "yes" or (wanted == "auto" and bool(tokenizer.chat_template))
