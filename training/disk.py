"""Files that are there whole or not at all."""

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from training.exceptions import CannotWrite

_CHUNK = 1 << 20


@contextmanager
def writing(path: Path) -> Iterator[Path]:
    """A path beside `path` to write to. It takes the place of `path` in one step, when all is on the disk.

    Nothing of it is left where that fails. Raises CannotWrite for what the disk refuses.
    """
    aside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield aside
        with aside.open("rb+") as file:
            os.fsync(file.fileno())
        aside.replace(path)
    except OSError as error:
        raise CannotWrite(
            f"{path} could not be written: {error.strerror or error}. Nothing half-written is taken for finished: "
            "run the same command again to go on."
        ) from error
    finally:
        with suppress(OSError):
            aside.unlink(missing_ok=True)


def write_json(path: Path, value: Any) -> None:
    """Write `value`, keys in order, as JSON that people can read. Raises CannotWrite."""
    with writing(path) as aside:
        aside.write_text(json.dumps(value, ensure_ascii=False, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file's bytes, in hexadecimal. Raises OSError."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
