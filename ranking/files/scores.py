"""Scores out of any of the files that may hold them."""

from collections.abc import Iterable
from pathlib import Path

from ranking.files.benchmarks import Measured, read_results
from ranking.files.errors import BadFile
from ranking.files.score_tables import read_table


def read_scores(paths: Iterable[Path], *, model: str = "") -> tuple[list[Measured], list[str]]:
    """All that the files say, and sentences on what of it is left out. Of a folder, all result files in it.

    `model` names the model, over what files say. Raises `BadFile`, at the first file that is wrong.
    """
    measured: list[Measured] = []
    notices: list[str] = []
    for path in _files(paths):
        if path.suffix.lower() == ".csv":
            measured += read_table(path, model=model)
            continue
        found, said = read_results(path, model=model)
        measured += found
        notices += said
    if not measured:
        raise BadFile("There is no score in these files. Nothing was imported.")
    return measured, notices


def _files(paths: Iterable[Path]) -> Iterable[Path]:
    for path in paths:
        if not path.is_dir():
            yield path
            continue
        found = sorted(path.rglob("results*.json"))
        if not found:
            raise BadFile(f"{path} has no results*.json in it. Nothing was imported.")
        yield from found
