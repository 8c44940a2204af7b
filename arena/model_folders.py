"""What a model's folder says of how the model was made: its `lehia-model.json`. Pure but for reading the file."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FILE = "lehia-model.json"
FORMAT = 1
KINDS = ("full", "adapter")
_HUB_ID = re.compile(r"\w[\w.-]*/[\w.-]+")


class BadModelFolder(ValueError):
    """A folder that holds no model that can be registered. The text is a sentence for whoever named it."""


@dataclass(frozen=True, slots=True)
class MadeModel:
    """A model and how it was made. `source` is its folder, or its id on the hub; `base` what it was trained from."""

    source: str
    name: str
    is_adapter: bool = False
    base: str = ""
    base_revision: str = ""
    revision: str = ""
    """Tells this training from others of the same name; at most 100 characters."""
    factors: Mapping[str, str | int | bool] = field(default_factory=dict)

    @property
    def is_folder(self) -> bool:
        return Path(self.source).is_dir()

    @property
    def base_name(self) -> str:
        return short_name(self.base)


def is_hub_id(source: str) -> bool:
    """Whether this may be the id of a model on the hub: an owner and a name."""
    return _HUB_ID.fullmatch(source) is not None


def short_name(source: str) -> str:
    """A model's name, from a path or a hub id: what its own folder says of it, or the last part."""
    folder = Path(source)
    if source and (folder / FILE).is_file():
        return read_made_model(source).name
    return folder.name


def read_made_model(source: str, *, factors: Mapping[str, str] | None = None) -> MadeModel:
    """The model in a folder, or on the hub, where `factors` says what it is made of.

    Raises `BadModelFolder`: no such folder; a file that is missing, broken or of another format; or neither the
    file nor `factors`.
    """
    folder = Path(source)
    if not folder.is_dir():
        if factors is None or folder.exists() or not is_hub_id(source):
            raise BadModelFolder(
                f"There is no folder {source}. Of a released model, give the folder or its hub id, and --factors."
            )
        return MadeModel(source, folder.name, factors=factors)
    path = folder / FILE
    if not path.exists():
        if factors is None:
            raise BadModelFolder(
                f"{folder} has no {FILE}, which training writes. For a released model say what it is made of: "
                "--factors backbone=NAME corpus=none."
            )
        return MadeModel(source, folder.resolve().name, factors=factors)
    return _made(path, source, _read(path), factors)


def _read(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadModelFolder(f"{path} cannot be read: {error}.") from error
    if not isinstance(value, dict):
        raise BadModelFolder(f"{path} is no JSON object.")
    if "\\u0000" in json.dumps(value):
        raise BadModelFolder(f"{path} has a NUL character in it, which no database takes.")
    if value.get("format") != FORMAT:
        raise BadModelFolder(f"{path} is of format {value.get('format')!r}, and this program reads format {FORMAT}.")
    return value


def _made(path: Path, source: str, value: Mapping[str, Any], factors: Mapping[str, str] | None) -> MadeModel:
    for name in ("name", "kind", "base"):
        if not isinstance(value.get(name), str) or not value[name].strip():
            raise BadModelFolder(f"{path} does not say {name!r}.")
    if value["kind"] not in KINDS:
        raise BadModelFolder(f"{path}: the kind is {value['kind']!r}, and must be one of {', '.join(KINDS)}.")
    found = value.get("factors", {})
    if not isinstance(found, dict) or not all(isinstance(level, str | int | bool) for level in found.values()):
        raise BadModelFolder(f"{path}: the factors must be names with texts, numbers or truth values.")
    return MadeModel(
        source,
        value["name"].strip(),
        is_adapter=value["kind"] == "adapter",
        base=value["base"],
        base_revision=str(value.get("base_revision") or ""),
        revision=_revision(value),
        factors=found if factors is None else {**found, **factors},
    )


def _revision(value: Mapping[str, Any]) -> str:
    """Data, seed and steps in short: two trainings that differ in one of them have different ones."""
    data = str(value.get("data_sha256") or "")[:12]
    parts = [data, *(f"{key}-{value[key]}" for key in ("seed", "steps") if value.get(key) is not None)]
    return " ".join(part for part in parts if part)[:100]
