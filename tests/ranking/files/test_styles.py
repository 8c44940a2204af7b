"""The style and the factors of files, from their conversations and columns."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from ranking.files.errors import BadLine
from ranking.files.factors import read_factors
from ranking.files.styles import StyleReader
from ranking.files.votes import read_votes
from ranking.style_measures import MEASURES

BASQUE = "Euskal Herriko hiririk handiena Bilbo da, eta bertan dago Guggenheim museoa."
ENGLISH = "The largest city is Bilbao, and that is where the Guggenheim museum stands today."


def row(a, b, **more):
    def conversation(text):
        messages = [{"role": "system", "content": "# ez **zenbatu**"}, {"role": "user", "content": "- ezta hau ere"}]
        return [*messages, {"role": "assistant", "content": text}]

    return {
        "model_a": "m",
        "model_b": "n",
        "winner": "tie",
        "conv_a": conversation(a),
        "conv_b": conversation(b),
        **more,
    }


def written(tmp_path, rows, name="rows.jsonl"):
    path = tmp_path / name
    if name.endswith("csv"):
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, fieldnames=[*rows[0]])
            writer.writeheader()
            for line in rows:
                writer.writerow({k: v if isinstance(v, str) else json.dumps(v) for k, v in line.items()})
    else:
        path.write_text("".join(json.dumps(line) + "\n" for line in rows))
    return path


def styles(path: Path, dimension="overall"):
    reader = StyleReader(dimension)
    votes, _ = read_votes(path, dimension, chosen=reader)
    found = reader.covariates()
    assert len(found.values) == len(votes)
    return found.values


@pytest.mark.parametrize("name", ["rows.jsonl", "rows.csv"])
def test_style_is_read_from_answers_only(tmp_path, name):
    rows = [row(f"# Bilbo\n\n{BASQUE}", BASQUE), row(ENGLISH, BASQUE), row(BASQUE, BASQUE)]
    values = styles(written(tmp_path, rows, name))
    assert values.shape == (3, len(MEASURES))
    by_name = dict(zip(MEASURES, values.T, strict=True))
    assert by_name["headings"].tolist() == [1, 0, 0]
    assert by_name["basque"].tolist() == [0, -1, 0]
    assert by_name["lists"].tolist() == by_name["bold"].tolist() == [0, 0, 0]
    assert by_name["tokens"][0] > 0


def test_rows_that_are_no_votes_are_passed_over_and_those_without_answers_are_not_known(tmp_path):
    rows = [
        row(ENGLISH, BASQUE),
        row(BASQUE, ENGLISH, winner=None, choices={"language": "dont_know"}),
        row("", BASQUE),
        row(BASQUE, ENGLISH, conv_a=None),
        row(BASQUE, ENGLISH),
    ]
    values = styles(written(tmp_path, rows))
    assert values[:, -1].tolist()[::3] == [-1, 1]
    assert np.isnan(values[1:3]).all()


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ({"model_a": "m", "model_b": "n", "winner": "tie"}, "conv_a is missing, and style is read from"),
        (row(BASQUE, BASQUE) | {"conv_b": "text"}, "conv_b must be a list of messages"),
        (row(BASQUE, BASQUE) | {"conv_b": [1]}, "conv_b must be a list of messages"),
        (
            row(BASQUE, BASQUE) | {"conv_a": [{"role": "assistant", "content": 3}]},
            "conv_a has a content that is no text",
        ),
    ],
)
def test_bad_conversations_are_named_by_line(tmp_path, line, sentence):
    with pytest.raises(BadLine, match=f"line 2: {sentence}"):
        styles(written(tmp_path, [row(BASQUE, BASQUE), line]))


def test_factors_of_a_file(tmp_path):
    rows = [
        {"model_a": "m", "model_b": "n", "factors_a": {"size": 8}, "factors_b": {"size": 70, "tuned": True}},
        {"model_a": "n", "model_b": "o", "factors_a": {"size": 70, "tuned": True}, "factors_b": {}},
        {"model_a": "m", "model_b": "o"},
    ]
    expected = {"m": {"size": "8"}, "n": {"size": "70", "tuned": "yes"}, "o": {}}
    assert read_factors(written(tmp_path, rows)) == expected


def test_without_columns_the_names_of_variants_tell_factors(tmp_path):
    found = read_factors(written(tmp_path, [{"model_a": "exp_0_010", "model_b": "gpt"}]))
    assert (found["exp_0_010"]["instructions"], found["gpt"]) == ("eu", {})


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ({"model_a": "m", "model_b": "n", "factors_a": {"size": 9}}, "'m' has other factors than on line 1"),
        ({"model_a": "m", "model_b": "n", "factors_b": [8]}, "factors_b must be an object"),
        ({"model_a": "m", "model_b": "n", "factors_b": {"size": []}}, "factors_b: the level of size must be"),
        ({"model_b": "n"}, "model_a is missing"),
    ],
)
def test_bad_factors_are_named_by_line(tmp_path, line, sentence):
    with pytest.raises(BadLine, match=f"line 2: {sentence}"):
        read_factors(written(tmp_path, [{"model_a": "m", "model_b": "n", "factors_a": {"size": 8}}, line]))
