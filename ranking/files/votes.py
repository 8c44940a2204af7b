"""The votes of a file, for ranking: no more is needed than model_a, model_b and winner."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import numpy as np

from ranking.estimators import BadRow, Cells, Tally, Votes
from ranking.estimators.arrays import IntArray
from ranking.estimators.tallying import Sequenced
from ranking.estimators.weighting import inverse_probability
from ranking.files.batches import RowFilter, Wanted, read_batches
from ranking.files.batches import judged as judged
from ranking.files.batches import parse_timestamp as parse_timestamp
from ranking.files.errors import BadFile, BadLine


def read_votes(
    path: Path,
    dimension: str,
    *,
    by_time: bool = False,
    without_self_identified: bool = False,
    by_inverse_probability: bool = False,
    chosen: RowFilter | None = None,
) -> tuple[Votes, int]:
    """The votes of a file in one dimension, and how many of its rows say nothing about it and are left out.

    A row is left out only where its `choices` say that the voter did not judge this; a winner that is simply missing
    is a bad line. With `by_time` the votes are in the order of their timestamps (equal ones in the file's order), or
    in the file's order where it has none. With `by_inverse_probability` votes are weighted by the inverse of their
    `draw_probability`. For the rest see `Wanted`.
    """
    wanted = Wanted(
        dimension=dimension,
        by_time=by_time,
        without_self_identified=without_self_identified,
        by_inverse_probability=by_inverse_probability,
        chosen=chosen,
    )
    sequence, left_out = Sequenced(), 0
    numbers: list[IntArray] = []
    times: list[datetime | None] = []
    probabilities: list[float] = []
    for batch in read_batches(path, wanted):
        with _named_in(path):
            sequence.add(
                batch.model_a,
                batch.model_b,
                batch.outcome,
                voter=batch.voter,
                weight=batch.weight,
                row_numbers=batch.numbers,
            )
        left_out += batch.left_out
        probabilities += batch.probabilities
        if by_time:
            numbers.append(np.asarray(batch.numbers))
            times += batch.times
    order = _order(path, np.concatenate(numbers), times) if numbers else None
    votes = sequence.votes(order)
    if by_inverse_probability:
        probability = np.array(probabilities, dtype=np.float64)
        votes = inverse_probability(votes, probability if order is None else probability[order])
    return votes, left_out


def read_cells(
    path: Path,
    dimension: str,
    *,
    by_voter: bool = True,
    without_self_identified: bool = False,
    chosen: RowFilter | None = None,
) -> tuple[Cells, int]:
    """As `read_votes`, but counted as they are read, apart by voter where `by_voter`: for files of any length."""
    wanted = Wanted(dimension=dimension, without_self_identified=without_self_identified, chosen=chosen)
    tally, left_out = Tally(by_voter=by_voter), 0
    for batch in read_batches(path, wanted):
        with _named_in(path):
            tally.add(
                batch.model_a,
                batch.model_b,
                batch.outcome,
                voter=batch.voter,
                weight=batch.weight,
                row_numbers=batch.numbers,
            )
        left_out += batch.left_out
    return tally.cells(), left_out


@contextmanager
def _named_in(path: Path) -> Iterator[None]:
    """Bad rows as lines of the file."""
    try:
        yield
    except BadRow as error:
        raise BadLine(path, error.number, error.reason) from error


def _order(path: Path, numbers: IntArray, times: list[datetime | None]) -> IntArray | None:
    """The votes' places in the order of their times, or None where they have none."""
    known = [time for time in times if time is not None]
    if not known:
        return None
    if len(known) < len(times):
        number = numbers[times.index(None)]
        raise BadFile(f"{path}, line {number}: the timestamp is missing, and other lines have one.")
    return np.array(sorted(range(len(times)), key=lambda i: known[i]), dtype=np.int64)
