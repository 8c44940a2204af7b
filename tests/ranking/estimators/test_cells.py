import hashlib
import random

from ranking.estimators import canonical_lines, cells_sha256, reduce_votes
from ranking.estimators.cells import sequence_lines
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
