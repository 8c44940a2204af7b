"""What identifies the files of a model, so that a manifest says which ones were used."""

import hashlib
from pathlib import Path

from training.disk import sha256_of
from training.exceptions import TrainingError

SUFFIXES = frozenset({".json", ".jinja", ".model", ".txt", ".safetensors", ".bin"})


def revision_of(model: str, asked: str = "") -> str:
    """The commit of a hub's model, or `sha256:` and the hash over the files of a folder, whose bytes are all read.

    `asked` is what the caller wants of a hub: a branch, a tag, a commit. Raises TrainingError where there is no model.
    """
    if Path(model).is_dir():
        return _of_folder(Path(model))
    from transformers.utils import cached_file

    try:
        found = cached_file(model, "config.json", revision=asked or None)
    except (OSError, ValueError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise TrainingError(f"{model} is no folder with a model, and no hub gives it: {reason}") from error
    parts = Path(str(found)).parts
    return parts[parts.index("snapshots") + 1] if "snapshots" in parts else asked


def _of_folder(folder: Path) -> str:
    files = sorted(path for path in folder.iterdir() if path.suffix in SUFFIXES and path.is_file())
    if not (folder / "config.json").exists():
        raise TrainingError(f"{folder} has no config.json: it is no folder of a model.")
    listed = "\n".join(f"{sha256_of(path)} {path.name}" for path in files)
    return f"sha256:{hashlib.sha256(listed.encode()).hexdigest()}"
