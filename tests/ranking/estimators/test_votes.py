import math

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from ranking.estimators import OUTCOMES, BadRow, EstimationError, Votes, encode_votes, votes_from_codes


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


A = ["x", "y", "z", "x"]
B = ["y", "z", "x", "y"]
SAID = ["a", "tie", "b", "tie"]
VOTER = ["u", None, "v", "u"]
WEIGHT = [1.0, 0.5, 2.0, 0.0]

FORMS = {
    "numpy": np.array,
    "numpy objects": lambda column: np.array(column, dtype=object),
    "pandas": pd.Series,
    "pandas objects": lambda column: pd.Series(column, dtype=object),
    "pandas, not from 0": lambda column: pd.Series(column, index=[7, 3, 3, 1]),
    "categorical": lambda column: pd.Series(column).astype("category"),
    "arrow": pa.array,
    "arrow dictionary": lambda column: pa.array(column).dictionary_encode(),
    "arrow chunks": lambda column: pa.chunked_array([pa.array(column[:1]), pa.array(column[1:])]),
    "arrow dictionary chunks": lambda column: pa.chunked_array(
        [pa.array(part).dictionary_encode() for part in (column[:3], column[3:])]
    ),
}


def columns_of(votes: Votes) -> dict[str, object]:
    arrays = ("model_a", "model_b", "outcome", "weight", "voter")
    return {name: getattr(votes, name).tolist() for name in arrays} | {"models": votes.models, "voters": votes.voters}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_column_gives_the_same_votes(form):
    make = FORMS[form]
    voter = VOTER if form == "numpy" else make(VOTER)  # a numpy array of texts has no missing ones
    made = encode_votes(make(A), make(B), make(SAID), voter=voter, weight=np.array(WEIGHT))
    assert columns_of(made) == columns_of(encode_votes(A, B, SAID, voter=VOTER, weight=WEIGHT))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("column", "said"), [(0, "a model's name is missing"), (2, "the outcome is missing")])
def test_every_form_of_column_names_what_is_missing(form, column, said):
    columns = [A, B, SAID]
    columns[column] = [*columns[column][:2], "" if form == "numpy" else None, columns[column][3]]
    with pytest.raises(BadRow) as caught:
        encode_votes(*(FORMS[form](values) for values in columns))
    assert (caught.value.number, caught.value.reason) == (3, said)


def test_columns_of_a_frame_are_taken_as_they_are():
    frame = pd.DataFrame({"model_a": A, "model_b": B, "outcome": SAID, "voter": VOTER, "weight": WEIGHT})
    made = encode_votes(frame.model_a, frame.model_b, frame.outcome, voter=frame.voter, weight=frame.weight)
    assert columns_of(made) == columns_of(encode_votes(A, B, SAID, voter=VOTER, weight=WEIGHT))


@pytest.mark.parametrize("missing", [None, math.nan, pd.NA, np.float64("nan")])
def test_missing_voter_is_unknown_and_missing_name_is_a_bad_row(missing):
    assert encode_votes(["x"], ["y"], ["a"], voter=[missing]).voter.tolist() == [-1]
    for columns in (([missing], ["y"], ["a"]), (["x"], [missing], ["a"]), (["x"], ["y"], [missing])):
        with pytest.raises(BadRow, match="missing"):
            encode_votes(*columns)


def test_first_bad_row_is_named_whatever_its_column():
    with pytest.raises(BadRow, match="row 2: the outcome is missing"):
        encode_votes(["x", "x", None], ["y", "y", "y"], ["a", None, "a"])


def test_many_missing_names_take_no_longer_than_one():
    with pytest.raises(BadRow, match="row 1: a model's name is missing"):
        encode_votes([float("nan") for _ in range(100_000)], ["y"] * 100_000, ["a"] * 100_000)


def test_no_votes_at_all():
    assert len(encode_votes([], [], [])) == 0
    assert len(votes_from_codes([], [], [], [])) == 0


class TestCodes:
    MODELS = ("z", "unused", "x", "y")
    VOTERS = ("v", "nobody", "u")

    def codes(self, **changes):
        columns = {
            "model_a": [self.MODELS.index(name) for name in A],
            "model_b": [self.MODELS.index(name) for name in B],
            "outcome": [OUTCOMES.index(said) for said in SAID],
            "voter": [-1 if name is None else self.VOTERS.index(name) for name in VOTER],
            "weight": WEIGHT,
        }
        return votes_from_codes(self.MODELS, **{"voters": self.VOTERS} | columns | changes)

    def test_codes_give_the_votes_that_names_give(self):
        assert columns_of(self.codes()) == columns_of(encode_votes(A, B, SAID, voter=VOTER, weight=WEIGHT))

    def test_small_integers_of_numpy_are_codes(self):
        small = self.codes(model_a=np.array([2, 3, 0, 2], dtype=np.uint8), voter=np.array([2, -1, 0, 2], np.int32))
        assert columns_of(small) == columns_of(self.codes())

    def test_the_callers_arrays_stay_its_own(self):
        columns = [np.array([0, 1, 2, 0]), np.array([1, 2, 0, 2]), np.array([0, 2, 1, 0])]
        voter = np.array([0, -1, 1, 1])
        votes = votes_from_codes(("x", "y", "z"), *columns, voter=voter, voters=("u", "v"))
        for column in (*columns, voter):
            column[:] = 0
        named = list("xyzx"), list("yzxz"), ["a", "tie", "b", "a"]
        assert columns_of(votes) == columns_of(encode_votes(*named, voter=["u", None, "v", "v"]))

    @pytest.mark.parametrize(
        ("changes", "said"),
        [
            ({"model_a": [2, 3, 4, 2]}, "row 3: model_a has the code 4, which stands for nothing"),
            ({"model_b": [3, -1, 2, 3]}, "row 2: model_b has the code -1, which stands for nothing"),
            ({"outcome": [0, 2, 1, 3]}, "row 4: outcome has the code 3, which stands for nothing"),
            ({"voter": [-2, -1, 0, 2]}, "row 1: voter has the code -2, which stands for nothing"),
            ({"model_b": [3, 0, 2, 2]}, "row 4: “x” is set against itself"),
            ({"weight": [1, math.nan, 1, 1]}, "row 2: the weight must be finite and at least 0, and nan is not"),
            ({"weight": [1, 1, 1e300, 1]}, r"row 3: the weight must be at most 1e\+12, and 1e\+300 is not"),
        ],
    )
    def test_code_that_stands_for_nothing_is_a_bad_row(self, changes, said):
        with pytest.raises(BadRow, match=said):
            self.codes(**changes)

    @pytest.mark.parametrize(
        ("changes", "said"),
        [
            ({"model_a": [0.5, 1, 2, 3]}, "model_a must be whole numbers"),
            ({"outcome": ["a", "a", "a", "a"]}, "outcome must be whole numbers"),
            ({"outcome": [0]}, "outcome has 1 entries and model_a has 4"),
            ({"voters": ("u", "u", "v")}, "two voters have the same name"),
            ({"voters": ("", "u", "v")}, "a voter's name is missing"),
        ],
    )
    def test_columns_that_do_not_fit_are_refused(self, changes, said):
        with pytest.raises(EstimationError, match=said):
            self.codes(**changes)
