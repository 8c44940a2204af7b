import gzip
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ranking.estimators import OUTCOMES
from ranking.files.errors import BadFile, BadLine
from ranking.files.votes import read_votes

LEAST = {"model_a": "x", "model_b": "y", "winner": "model_a"}
PUBLIC = {
    "id": "5d0bca4e-acd8-4028-9738-2007a32f87fe",
    "username": "-6428509523293213064",
    "user_language": "C1-C2",
    "user_education": "Bachelor",
    "timestamp": "2025-03-19T07:07:35.974527",
    "model_a": "exp_0_011",
    "model_b": "exp_2_010",
    "conv_a": [{"role": "user", "content": "Kaixo"}, {"role": "assistant", "content": "Egun on"}],
    "conv_b": [{"role": "user", "content": "Kaixo"}, {"role": "assistant", "content": "Gabon"}],
    "winner": "model_a",
    "winner_content": "model_a",
    "winner_language": "tie",
}


def lines(tmp_path, *rows, name="votes.jsonl"):
    text = "".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows).encode()
    path = tmp_path / name
    path.write_bytes(gzip.compress(text) if name.endswith(".gz") else text)
    return path


def said(votes):
    return [
        (votes.models[a], votes.models[b], OUTCOMES[outcome])
        for a, b, outcome in zip(votes.model_a, votes.model_b, votes.outcome, strict=True)
    ]


@pytest.mark.parametrize("name", ["votes.jsonl", "votes.jsonl.gz", "votes"])
def test_three_columns_are_enough(tmp_path, name):
    votes, left_out = read_votes(lines(tmp_path, LEAST, {**LEAST, "winner": "tie"}, name=name), "overall")
    assert said(votes) == [("x", "y", "a"), ("x", "y", "tie")]
    assert votes.voters == ()
    assert left_out == 0


@pytest.mark.parametrize(("dimension", "outcome"), [("overall", "a"), ("content", "a"), ("language", "tie")])
def test_public_columns(tmp_path, dimension, outcome):
    votes, _ = read_votes(lines(tmp_path, PUBLIC), dimension)
    assert said(votes) == [("exp_0_011", "exp_2_010", outcome)]
    assert votes.voters == ("-6428509523293213064",)


def test_compressed_without_the_name_for_it(tmp_path):
    path = tmp_path / "votes.jsonl"
    path.write_bytes(gzip.compress(json.dumps(LEAST).encode()))
    assert len(read_votes(path, "overall")[0]) == 1


@pytest.mark.parametrize("name", ["votes.csv", "votes.csv.gz"])
def test_csv(tmp_path, name):
    path = lines(
        tmp_path, "model_a,model_b,winner,choices", "x,y,model_b,", '"z ""1""",y,tie,"{""content"":""tie""}"', name=name
    )
    assert said(read_votes(path, "overall")[0]) == [("x", "y", "b"), ('z "1"', "y", "tie")]


def test_parquet(tmp_path):
    path = tmp_path / "votes.parquet"
    pq.write_table(pa.Table.from_pylist([LEAST, {**LEAST, "winner": "model_b"}]), path)
    assert said(read_votes(path, "overall")[0]) == [("x", "y", "a"), ("x", "y", "b")]


def test_empty_lines_and_a_byte_order_mark_are_passed_over(tmp_path):
    path = tmp_path / "votes.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps(LEAST).encode() + b"\n\n  \r\n" + json.dumps(LEAST).encode())
    assert len(read_votes(path, "overall")[0]) == 2


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ("{", "no JSON"),
        ("[1]", "no JSON object"),
        ('{"model_a": NaN}', "no JSON"),
        ({**LEAST, "winner": None}, "winner is missing"),
        ({"model_a": "x", "model_b": "y"}, "there is no such column"),
        ({**LEAST, "winner": "both"}, "winner must be model_a, model_b or tie, and 'both' is none of these"),
        ({**LEAST, "winner": 1}, "winner must be"),
        ({**LEAST, "model_a": None}, "a model's name is missing"),
        ({**LEAST, "model_b": "x"}, "“x” is set against itself"),
        ({**LEAST, "model_b": 7}, "must be text"),
    ],
)
def test_bad_line_is_named_by_its_number(tmp_path, bad, reason):
    with pytest.raises(BadLine, match="line 3: ") as caught:
        read_votes(lines(tmp_path, LEAST, "", bad, LEAST), "overall")
    assert caught.value.number == 3
    assert reason in str(caught.value)
    assert str(caught.value).endswith("Nothing of the file was used.")


@pytest.mark.parametrize(
    ("rows", "number", "reason"),
    [
        (["model_a,model_b,winner", "x,y,tie", "x,y"], 3, "fewer fields"),
        (["model_a,model_b,winner", "x,y,tie,1"], 2, "more fields"),
        (["model_a,model_b,winner,winner", "x,y,tie,model_a"], 1, "two columns have the same name"),
        (["model_a,model_b,winner", "x,y,"], 2, "winner is missing"),
        (["model_a,model_b,winner,choices", "x,y,tie,{"], 2, "choices is no JSON"),
    ],
)
def test_bad_line_of_a_csv_file(tmp_path, rows, number, reason):
    with pytest.raises(BadLine, match=reason) as caught:
        read_votes(lines(tmp_path, *rows, name="votes.csv"), "overall")
    assert caught.value.number == number


def test_dimension_that_the_file_lacks(tmp_path):
    with pytest.raises(BadLine, match="winner_content is missing: there is no such column"):
        read_votes(lines(tmp_path, LEAST), "content")


def test_rows_that_say_they_do_not_know_are_left_out_and_counted(tmp_path):
    unsure = {**LEAST, "winner_language": None, "choices": {"content": "a", "language": "dont_know"}}
    votes, left_out = read_votes(lines(tmp_path, unsure, {**LEAST, "winner_language": "tie"}), "language")
    assert (len(votes), left_out) == (1, 1)


def test_file_that_is_not_there(tmp_path):
    with pytest.raises(BadFile, match=r"cannot be read: No such file"):
        read_votes(tmp_path / "none.jsonl", "overall")


def test_folder(tmp_path):
    with pytest.raises(BadFile, match="cannot be read"):
        read_votes(tmp_path, "overall")


def test_file_cut_off(tmp_path):
    path = tmp_path / "votes.jsonl.gz"
    path.write_bytes(gzip.compress((json.dumps(LEAST) + "\n").encode() * 1000)[:-20])
    with pytest.raises(BadFile, match="broken after line"):
        read_votes(path, "overall")


def test_name_that_lies_about_compression(tmp_path):
    path = tmp_path / "votes.jsonl.gz"
    path.write_text(json.dumps(LEAST))
    with pytest.raises(BadFile, match=r"is named \.gz and is not compressed"):
        read_votes(path, "overall")


def test_bytes_that_are_not_utf_8(tmp_path):
    path = tmp_path / "votes.csv"
    path.write_bytes(b"model_a,model_b,winner\nx,y\xff,tie\n")
    with pytest.raises(BadFile, match="not UTF-8"):
        read_votes(path, "overall")
    path = tmp_path / "votes.jsonl"
    path.write_bytes(b'{"model_a": "\xff"}\n')
    with pytest.raises(BadLine, match="line 1"):
        read_votes(path, "overall")


def test_parquet_that_is_none(tmp_path):
    path = tmp_path / "votes.parquet"
    path.write_text("hello")
    with pytest.raises(BadFile, match="no Parquet file"):
        read_votes(path, "overall")


@pytest.mark.parametrize(("kind", "value"), [(pa.timestamp("s"), 10**14), (pa.timestamp("us", "Mars/Olympus"), 17)])
def test_a_time_of_parquet_that_python_has_not(tmp_path, kind, value):
    path = tmp_path / "votes.parquet"
    row = {name: pa.array([value]) for name, value in LEAST.items()}
    pq.write_table(pa.table({**row, "timestamp": pa.array([value], kind)}), path)
    with pytest.raises(BadFile, match="has a value that cannot be read, after row 0"):
        read_votes(path, "overall", by_time=True)


class TestOrder:
    early, late = "2025-03-19T07:00:00", "2025-03-19T09:00:00+01:00"  # the first is in UTC: an hour before the second

    def test_is_that_of_time_where_it_matters(self, tmp_path):
        path = lines(tmp_path, {**LEAST, "timestamp": self.late}, {**LEAST, "winner": "tie", "timestamp": self.early})
        assert [outcome for _, _, outcome in said(read_votes(path, "overall", by_time=True)[0])] == ["tie", "a"]
        assert [outcome for _, _, outcome in said(read_votes(path, "overall")[0])] == ["a", "tie"]

    def test_is_that_of_the_file_without_times(self, tmp_path):
        path = lines(tmp_path, LEAST, {**LEAST, "winner": "tie"})
        assert [outcome for _, _, outcome in said(read_votes(path, "overall", by_time=True)[0])] == ["a", "tie"]

    @pytest.mark.parametrize("timestamp", ["yesterday", 12.5, None])
    def test_times_that_are_none_are_bad_lines_only_where_they_matter(self, tmp_path, timestamp):
        path = lines(tmp_path, {**LEAST, "timestamp": self.early}, {**LEAST, "timestamp": timestamp})
        with pytest.raises(BadFile, match="line 2"):
            read_votes(path, "overall", by_time=True)
        assert len(read_votes(path, "overall")[0]) == 2


def test_bad_row_keeps_its_line_number_when_sorted(tmp_path):
    rows = [{**LEAST, "timestamp": f"2025-03-19T07:00:0{9 - i}"} for i in range(3)]
    rows[0]["model_b"] = "x"
    with pytest.raises(BadLine) as caught:
        read_votes(lines(tmp_path, *rows), "overall", by_time=True)
    assert caught.value.number == 1


def test_path_is_named(tmp_path):
    path: Path = lines(tmp_path, "{")
    with pytest.raises(BadLine, match=str(path)):
        read_votes(path, "overall")
