import math

import numpy as np
import pytest

from ranking.estimators import BadRow, EstimationError, encode_votes


def test_codes_are_in_the_order_of_names():
    votes = encode_votes(["b", "ç", "a"], ["a", "b", "ç"], ["a", "b", "tie"], voter=["v", None, "u"])
    assert votes.models == ("a", "b", "ç")
    assert votes.voters == ("u", "v")
    assert votes.model_a.tolist() == [1, 2, 0]
    assert votes.outcome.tolist() == [0, 1, 2]
    assert votes.voter.tolist() == [1, -1, 0]
    assert votes.weight.tolist() == [1, 1, 1]


def test_columns_cannot_be_changed():
    votes = encode_votes(["a"], ["b"], ["a"])
    with pytest.raises(ValueError, match="read-only"):
        votes.outcome[0] = 2


@pytest.mark.parametrize("outcome", [None, "", math.nan, "both", "A", "model_a", 1, True])
def test_outcome_that_is_none_is_a_bad_row_and_never_a_tie(outcome):
    with pytest.raises(BadRow) as caught:
        encode_votes(["x", "x"], ["y", "y"], ["a", outcome])
    assert caught.value.number == 2
    assert "outcome" in caught.value.reason


@pytest.mark.parametrize("name", [None, "", "  ", math.nan, 3, ["x"], {"x": 1}])
def test_name_that_is_none_is_a_bad_row(name):
    with pytest.raises(BadRow) as caught:
        encode_votes(["x", "x", name], ["y", "y", "y"], ["a", "a", "a"], row_numbers=[10, 20, 30])
    assert caught.value.number == 30


@pytest.mark.parametrize("weight", [math.nan, math.inf, -1.0, "1", None, True])
def test_weight_that_is_none_is_a_bad_row(weight):
    with pytest.raises(BadRow) as caught:
        encode_votes(["x"], ["y"], ["a"], weight=[weight])
    assert caught.value.number == 1


def test_numpy_weights_are_weights():
    assert encode_votes(["x"], ["y"], ["a"], weight=np.array([0.5])).weight.tolist() == [0.5]


def test_model_against_itself_is_a_bad_row():
    with pytest.raises(BadRow, match="row 2: “x” is set against itself"):
        encode_votes(["x", "x"], ["y", "x"], ["a", "a"])


def test_columns_of_different_lengths_are_refused():
    with pytest.raises(EstimationError, match="outcome has 1 entries and model_a has 2"):
        encode_votes(["x", "x"], ["y", "y"], ["a"])
