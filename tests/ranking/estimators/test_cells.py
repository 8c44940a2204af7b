import hashlib
import json
import random
from collections import Counter

import numpy as np
import pytest

from ranking.estimators import (
    EstimationError,
    Options,
    Votes,
    canonical_lines,
    cells_sha256,
    encode_votes,
    rank,
    reduce_votes,
)
from ranking.estimators.cells import check_room, n_kinds
from ranking.estimators.fingerprints import sequence_lines
from tests.ranking.estimators.samples import Row, draw_rows, voters_for, votes_of

ROWS: list[Row] = [("y", "x", "b"), ("x", "y", "a"), ("x", "y", "a"), ("x", "ñ", "tie")]


def test_canonical_form_is_what_the_documentation_says():
    lines = list(canonical_lines(reduce_votes(votes_of(ROWS), by_voter=False)))
    assert lines == [
        "lehia-votes 1 cells",
        '["x","y","a",1.0,2]',
        '["x","ñ","tie",1.0,1]',
        '["y","x","b",1.0,1]',
    ]


def test_voters_are_part_of_it_where_intervals_are_clustered():
    votes = votes_of(ROWS, voter=["v", "v", None, "u"])
    assert list(canonical_lines(reduce_votes(votes, by_voter=True))) == [
        "lehia-votes 1 voter-cells",
        '[null,"x","y","a",1.0,1]',
        '["u","x","ñ","tie",1.0,1]',
        '["v","x","y","a",1.0,1]',
        '["v","y","x","b",1.0,1]',
    ]


def test_weights_keep_cells_apart():
    votes = votes_of(ROWS[1:3], weight=[0.1, 2])
    assert list(canonical_lines(reduce_votes(votes, by_voter=False)))[1:] == [
        '["x","y","a",0.1,1]',
        '["x","y","a",2.0,1]',
    ]


def test_sequence_keeps_the_order():
    assert list(sequence_lines(votes_of(ROWS[:2]), by_voter=False)) == [
        "lehia-votes 1 sequence",
        '["y","x","b",1.0]',
        '["x","y","a",1.0]',
    ]


def test_fingerprint_is_the_hash_of_the_lines():
    cells = reduce_votes(votes_of(ROWS), by_voter=False)
    text = "".join(f"{line}\n" for line in canonical_lines(cells))
    assert cells_sha256(cells) == hashlib.sha256(text.encode()).hexdigest()


def test_order_of_rows_does_not_change_it():
    rows = draw_rows([0.0, 0.5, 1.0], 300)
    voters = voters_for(rows, 20)
    shuffled = list(zip(rows, voters, strict=True))
    random.Random(3).shuffle(shuffled)
    first = reduce_votes(votes_of(rows, voter=voters), by_voter=True)
    second = reduce_votes(votes_of([row for row, _ in shuffled], voter=[voter for _, voter in shuffled]), by_voter=True)
    assert cells_sha256(first) == cells_sha256(second)
    assert first.count.sum() == 300


def by_hand(votes: Votes, *, by_voter: bool) -> list[str]:
    """The canonical form by its definition, a vote at a time."""
    columns = (votes.voter, votes.model_a, votes.model_b, votes.outcome, votes.weight)
    counted = Counter(zip(*(column.tolist() for column in columns), strict=True))
    if not by_voter:
        counted = Counter({(-1, *cell[1:]): 0 for cell in counted})
        counted.update((-1, *cell[1:]) for cell in zip(*(column.tolist() for column in columns), strict=True))
    lines = [f"lehia-votes 1 {'voter-cells' if by_voter else 'cells'}"]
    for (voter, a, b, outcome, weight), count in sorted(counted.items()):
        row = [votes.models[a], votes.models[b], ("a", "b", "tie")[outcome], weight, count]
        whole = [None if voter < 0 else votes.voters[voter], *row] if by_voter else row
        lines.append(json.dumps(whole, ensure_ascii=False, separators=(",", ":")))
    return lines


def many_votes(*, weights: bool, seed: int = 5) -> Votes:
    rng = np.random.default_rng(seed)
    names = np.array(["ñ", 'q"u', "a\\b", "z\u2028", "m m"], dtype=object)
    a = rng.integers(0, 5, 2000)
    voters = [None if code == 0 else f"v\n{code}" for code in rng.integers(0, 90, 2000).tolist()]
    weight = rng.choice([0.0, 0.1, 1.0, 1e-7, 3.25], 2000) if weights else None
    outcome = np.array(["a", "b", "tie"], dtype=object)[rng.integers(0, 3, 2000)]
    return encode_votes(names[a], names[(a + rng.integers(1, 5, 2000)) % 5], outcome, voter=voters, weight=weight)


@pytest.mark.parametrize("weights", [True, False])
@pytest.mark.parametrize("by_voter", [True, False])
@pytest.mark.parametrize("part", [7, 1 << 18])
def test_canonical_form_is_that_of_its_definition(weights, by_voter, part, monkeypatch):
    monkeypatch.setattr("ranking.estimators.cells.PART", part)
    votes = many_votes(weights=weights)
    assert list(canonical_lines(reduce_votes(votes, by_voter=by_voter))) == by_hand(votes, by_voter=by_voter)


@pytest.mark.parametrize("interval", ["sandwich", "bootstrap"])
@pytest.mark.parametrize("part", [7, 1 << 18])
def test_parts_are_no_matter_to_a_ranking(interval, part, monkeypatch):
    usual = rank(many_votes(weights=True), Options(interval=interval, rounds=20))
    monkeypatch.setattr("ranking.estimators.cells.PART", part)
    assert rank(many_votes(weights=True), Options(interval=interval, rounds=20)) == usual


@pytest.mark.parametrize("weights", [True, False])
def test_keys_take_four_bytes_where_these_are_enough(weights, monkeypatch):
    votes, options = many_votes(weights=weights), Options(interval="bootstrap", rounds=20)
    cells = reduce_votes(votes, by_voter=True)
    assert cells.key.dtype == np.uint32
    assert all(
        getattr(cells, column).dtype == np.int64 for column in ("kind", "voter", "model_a", "model_b", "outcome")
    )
    monkeypatch.setattr("ranking.estimators.cells.FOUR_BYTES", 0)
    wide = reduce_votes(votes, by_voter=True)
    assert wide.key.dtype == np.int64
    assert wide.of_unknown_voters == cells.of_unknown_voters > 0
    assert list(canonical_lines(wide)) == list(canonical_lines(cells))
    assert rank(wide, options) == rank(cells, options)


@pytest.mark.parametrize("weights", [True, False])
def test_voters_taken_together_are_the_votes_without_voters(weights):
    votes = many_votes(weights=weights)
    together = reduce_votes(votes, by_voter=True).without_voters()
    assert cells_sha256(together) == cells_sha256(reduce_votes(votes, by_voter=False))
    assert together.without_voters() is together


@pytest.mark.parametrize("interval", ["sandwich", "none"])
def test_votes_that_were_counted_are_ranked_like_votes(interval):
    votes, options = many_votes(weights=True), Options(interval=interval)
    assert rank(reduce_votes(votes, by_voter=True), options) == rank(votes, options)


def test_elo_of_votes_that_were_counted_is_refused():
    with pytest.raises(EstimationError, match="order"):
        rank(reduce_votes(votes_of(ROWS), by_voter=False), Options(method="elo"))


def test_keys_that_would_not_fit_are_refused():
    check_room(n_kinds(1000, 1000), voters=1_000_000)
    with pytest.raises(EstimationError, match="too many"):
        check_room(n_kinds(100_000, 1000), voters=1_000_000)
