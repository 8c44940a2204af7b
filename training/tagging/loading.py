"""What is said of models that cannot be loaded."""

from pathlib import Path

from training.exceptions import CannotLoadModel


def require_folder(name: str, option: str) -> None:
    """Raises CannotLoadModel where a name is that of a folder, by its form, and there is none."""
    if name.startswith((".", "/", "~")) and not Path(name).is_dir():
        raise CannotLoadModel(f"There is no folder {name}. Give a model's folder or hub id by {option}.")


def cannot_load(what: str, name: str, error: Exception, advice: str) -> CannotLoadModel:
    """The error to raise, with the first line of a library's many."""
    first = (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
    return CannotLoadModel(f"The {what} {name} cannot be loaded: {first}. {advice}")
