"""Votes counted in batches are the votes counted at once."""

import numpy as np
import pytest

from ranking.estimators import BadRow, Tally, canonical_lines, encode_votes, reduce_votes, tallying
from ranking.estimators.tallying import Sequenced


def columns(n=3000, n_models=40, n_voters=70, *, weights=False, seed=3):
    rng = np.random.default_rng(seed)
    models = np.array([f"m{(index * 7) % n_models}" for index in range(n_models)], dtype=object)
    a = np.minimum(rng.geometric(0.1, n), n_models) - 1  # late batches bring names that early ones have not
    voter = [None if code == 0 else f"v{code}" for code in rng.integers(0, n_voters, n).tolist()]
    outcome = np.array(["a", "b", "tie"], dtype=object)[rng.integers(0, 3, n)]
    b = models[(a + rng.integers(1, n_models, n)) % n_models]
    weight = rng.choice([0.0, 1.0, 2.5, 0.1], n) if weights else np.ones(n)
    return models[a].tolist(), b.tolist(), outcome.tolist(), voter, weight


def in_batches(into, found, size, *, weights=True):
    a, b, outcome, voter, weight = found
    for start in range(0, len(a), size):
        rows = slice(start, start + size)
        more = {"weight": weight[rows]} if weights else {}
        into.add(a[rows], b[rows], outcome[rows], voter=voter[rows], **more)
    return into


@pytest.mark.parametrize("by_voter", [True, False])
@pytest.mark.parametrize("weights", [True, False])
@pytest.mark.parametrize(("size", "waiting"), [(1, 1 << 24), (97, 1 << 24), (97, 250), (5000, 100)])
def test_batches_are_no_matter(by_voter, weights, size, waiting, monkeypatch):
    monkeypatch.setattr(tallying, "MOST_WAITING", waiting)
    monkeypatch.setattr(tallying, "PART", waiting)
    found = columns(weights=weights)
    a, b, outcome, voter, weight = found
    whole = reduce_votes(encode_votes(a, b, outcome, voter=voter, weight=weight), by_voter=by_voter)
    tally = in_batches(Tally(by_voter=by_voter), found, size)
    assert len(tally) == len(a)
    cells = tally.cells()
    assert list(canonical_lines(cells)) == list(canonical_lines(whole))
    assert (cells.models, cells.by_voter) == (whole.models, by_voter)
    assert cells.key.dtype == whole.key.dtype == np.uint32


def test_without_voters_nothing_is_apart_by_voter():
    tally = Tally(by_voter=True)
    tally.add(["x", "x"], ["y", "y"], ["a", "a"], voter=[None, None])
    cells = tally.cells()
    assert not cells.by_voter
    assert cells.count.tolist() == [2]


def test_nothing_at_all():
    assert len(Tally(by_voter=True).cells()) == 0
    assert len(Sequenced().votes()) == 0


def test_bad_row_of_a_batch_is_named():
    tally = Tally(by_voter=False)
    tally.add(["x"], ["y"], ["a"], row_numbers=[1])
    for wrong, reason in ((["y", None], "missing"), (["y", "x"], "against itself")):
        with pytest.raises(BadRow, match=f"row 8: .*{reason}"):
            tally.add(["x", "x"], wrong, ["a", "a"], row_numbers=[7, 8])


@pytest.mark.parametrize("size", [1, 97, 5000])
def test_sequence_is_the_votes_in_order(size):
    found = columns()
    whole = encode_votes(*found[:3], voter=found[3])
    votes = in_batches(Sequenced(), found, size, weights=False).votes()
    for name in ("model_a", "model_b", "outcome", "voter", "weight"):
        assert (getattr(votes, name) == getattr(whole, name)).all()
    assert (votes.models, votes.voters) == (whole.models, whole.voters)


def test_order_is_applied():
    sequence = Sequenced()
    sequence.add(["x", "y"], ["y", "z"], ["a", "b"])
    votes = sequence.votes(np.array([1, 0]))
    assert [votes.models[code] for code in votes.model_a] == ["y", "x"]
