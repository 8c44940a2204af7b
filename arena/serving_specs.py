"""Entries for `serve_models`: a model gets one of its own, an adapter a line under its backbone. Pure but for files."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from arena.model_folders import BadModelFolder, MadeModel, is_hub_id

_ROOT = Path(__file__).resolve().parent.parent
_NAME = re.compile(r"[^A-Za-z0-9._-]+")


def with_model(spec: Mapping[str, Any], model: MadeModel, name: str) -> tuple[dict[str, Any], str]:
    """A spec that serves `model` as well, and under which name; whatever else it says stays as it is.

    A model whose weights are served already, or an adapter that is there, keeps its entry and its name.
    """
    models = [dict(entry) for entry in spec.get("models") or ()]
    changed: dict[str, Any] = {**spec, "models": models}
    served = _NAME.sub("-", name).lstrip("._-")[:100]
    if not model.is_adapter:
        entry = _entry_of(models, model.source) or _added(models, model.source, served)
        return changed, str(entry["name"])
    base = _entry_of(models, model.base) or _added(models, model.base, model.base_name, model.base_revision)
    adapters = [dict(adapter) for adapter in base.get("adapters") or ()]
    base["adapters"] = adapters
    adapter = _entry_of(adapters, model.source)
    if adapter is None:
        _refuse_other(adapters, served)
        adapter = {"name": served, **_where(model.source)}
        adapters.append(adapter)
    if model.revision:
        adapter["revision"] = model.revision
    return changed, str(adapter["name"])


def read_spec(path: Path) -> dict[str, Any]:
    """What a spec's file says; nothing where there is none yet. Raises `BadModelFolder` where it cannot be read."""
    try:
        value = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise BadModelFolder(f"{path} cannot be read: {error}.") from error
    if value is None:
        return {}
    models = value.get("models") if isinstance(value, dict) else None
    if not isinstance(models, list) or not all(isinstance(entry, dict) and "name" in entry for entry in models):
        raise BadModelFolder(f"{path} is no spec of serve_models: it needs a list 'models' with a 'name' in each.")
    return dict(value)


def spec_text(spec: Mapping[str, Any]) -> str:
    """A spec as YAML."""
    return str(yaml.safe_dump(dict(spec), sort_keys=False, allow_unicode=True, width=120))


def _added(models: list[dict[str, Any]], source: str, name: str, revision: str = "") -> dict[str, Any]:
    _refuse_other(models, name)
    entry = {"name": name, **_where(source)}
    if revision and "hub_id" in entry:
        entry["revision"] = revision
    models.append(entry)
    return entry


def _refuse_other(entries: list[dict[str, Any]], name: str) -> None:
    if any(entry["name"] == name for entry in entries):
        raise BadModelFolder(f"The spec serves another model under the name {name}. Give --name.")


def _entry_of(entries: list[dict[str, Any]], source: str) -> dict[str, Any] | None:
    """The entry that serves these weights."""
    for entry in entries:
        if entry.get("hub_id") == source:
            return entry
        if "path" in entry and (_ROOT / entry["path"]).resolve() == Path(source).resolve():
            return entry
    return None


def _where(source: str) -> dict[str, str]:
    """`path`, from the project on where it lies in it, or `hub_id`. Raises `BadModelFolder` where it is neither."""
    if not Path(source).is_dir():
        if not is_hub_id(source):
            raise BadModelFolder(f"{source} is neither a folder nor an id on the hub, so it cannot be served.")
        return {"hub_id": source}
    path = Path(source).resolve()
    return {"path": str(path.relative_to(_ROOT) if path.is_relative_to(_ROOT) else path)}
