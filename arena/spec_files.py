"""Specs of `serve_models` that grow with the models that are registered."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from arena.model_folders import BadModelFolder, MadeModel
from arena.serving_specs import read_spec, spec_text, with_model
from inference.engine.plan import plan
from inference.engine.registration import register_spec
from inference.engine.spec import Spec, load_spec
from inference.exceptions import SpecError
from inference.models import ServedModel


@contextmanager
def served_by_spec(path: Path, model: MadeModel, name: str) -> Iterator[ServedModel]:
    """Add `model` to the spec in `path`, unless it is there, and register the served models that the spec plans.

    The file is written only where that changes it, without its comments, and only if all goes well within. Raises
    `BadModelFolder`, and `SpecError` where the new spec is refused.
    """
    before = read_spec(path)
    after, served_name = with_model(before, model, name)
    if after == before:
        yield _registered(load_spec(path), served_name)
        return
    aside = _written_aside(path, spec_text(after))
    try:
        try:
            spec = load_spec(aside)
        except SpecError as error:
            raise SpecError(str(error).replace(str(aside), str(path))) from error
        yield _registered(spec, served_name)
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)


def _registered(spec: Spec, name: str) -> ServedModel:
    register_spec(spec, plan(spec, may_span=True))
    return ServedModel.objects.get(name=name)


def _written_aside(path: Path, text: str) -> Path:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
        with open(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise BadModelFolder(f"{path} cannot be written: {error.strerror or error}.") from error
    return Path(name)
