"""What is wrong with a file, in a sentence for whoever gave it."""

from pathlib import Path


class BadFile(Exception):
    """A file that cannot be read."""


class BadLine(BadFile):
    """A line (a record of a CSV file, a row of a Parquet file) that is wrong; `number` counts from 1."""

    def __init__(self, path: Path, number: int, reason: str) -> None:
        self.number = number
        super().__init__(f"{path}, line {number}: {reason}. Nothing of the file was used.")


class CannotWrite(Exception):
    """An output path that cannot be written to."""
