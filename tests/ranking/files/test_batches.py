"""Files read in batches, column by column where they can be, are the files read row by row."""

import json
import tracemalloc

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ranking.estimators import Options, canonical_lines, rank, reduce_votes
from ranking.files import batches
from ranking.files.errors import BadFile, BadLine
from ranking.files.votes import read_cells, read_votes

N = 900


def rows(*, choices=False, voters=True, n=N):
    rng = np.random.default_rng(6)
    found = []
    for number in range(n):
        a, b = rng.choice(6, 2, replace=False)
        row = {"model_a": f"m{a}", "model_b": f"m{b}", "winner": ("model_a", "model_b", "tie")[rng.integers(3)]}
        if voters:
            row["username"] = None if number % 50 == 0 else f"p{rng.integers(40)}"
        if choices:
            row["choices"] = json.dumps({"overall": "dont_know"}) if number % 90 == 3 else None
            row["winner"] = None if number % 90 == 3 else row["winner"]
        found.append(row)
    return found


def parquet(tmp_path, found, **columns):
    table = pa.Table.from_pylist(found)
    for name, kind in columns.items():
        place = table.schema.names.index(name)
        column = table[name]
        made = column.dictionary_encode() if kind == "dictionary" else column.cast(kind)
        table = table.set_column(place, name, made)
    path = tmp_path / "votes.parquet"
    pq.write_table(table, path, row_group_size=250)
    return path


def jsonl(tmp_path, found):
    path = tmp_path / "votes.jsonl"
    path.write_text("".join(json.dumps({k: v for k, v in row.items() if k != "choices"}) + "\n" for row in found))
    return path


@pytest.fixture(autouse=True)
def small_batches(monkeypatch):
    monkeypatch.setattr(batches, "SHORT_ROWS", 128)
    monkeypatch.setattr(batches, "ROWS", 100)


@pytest.mark.parametrize(
    "kinds", [{}, {"username": "dictionary", "winner": "dictionary"}, {"model_a": pa.large_string()}]
)
@pytest.mark.parametrize("voters", [True, False])
def test_columns_of_parquet_are_the_rows_of_json_lines(tmp_path, kinds, voters):
    kinds = {name: kind for name, kind in kinds.items() if voters or name != "username"}
    by_column, _ = read_cells(parquet(tmp_path, rows(voters=voters), **kinds), "overall")
    by_row, _ = read_cells(jsonl(tmp_path, rows(voters=voters)), "overall")
    votes, _ = read_votes(jsonl(tmp_path, rows(voters=voters)), "overall")
    assert by_column.by_voter == voters
    lines = list(canonical_lines(reduce_votes(votes, by_voter=voters)))
    assert list(canonical_lines(by_column)) == list(canonical_lines(by_row)) == lines


def test_no_threads_of_arrow_keep_memory(tmp_path, monkeypatch):
    asked, read = [], pq.ParquetFile.iter_batches
    monkeypatch.setattr(pq.ParquetFile, "iter_batches", lambda *args, **how: asked.append(how) or read(*args, **how))
    read_cells(parquet(tmp_path, rows()), "overall")
    assert [how["use_threads"] for how in asked] == [False]


def test_columns_are_what_is_taken_where_they_can_be(tmp_path, monkeypatch):
    monkeypatch.setattr(batches, "_batch_of_rows", None)
    assert read_cells(parquet(tmp_path, rows()), "overall")[0].count.sum() == N


@pytest.mark.parametrize("interval", ["sandwich", "bootstrap", "none"])
def test_ranking_of_counted_votes_is_that_of_votes(tmp_path, interval):
    path = parquet(tmp_path, rows())
    options = Options(interval=interval, rounds=30)
    assert rank(read_cells(path, "overall")[0], options) == rank(read_votes(path, "overall")[0], options)


def test_rows_left_out_are_counted(tmp_path):
    cells, left_out = read_cells(parquet(tmp_path, rows(choices=True)), "overall")
    assert left_out == 10
    assert cells.count.sum() == N - 10


def test_empty_name_of_a_voter_is_none(tmp_path):
    found = rows()
    found[301]["username"] = ""
    assert read_cells(parquet(tmp_path, found), "overall")[0].of_unknown_voters == 19


def test_voters_may_be_numbers(tmp_path):
    found = [{**row, "username": number % 7} for number, row in enumerate(rows())]
    assert read_cells(parquet(tmp_path, found), "overall")[0].voters == tuple("0123456")


@pytest.mark.parametrize("read", [read_votes, read_cells])
@pytest.mark.parametrize("make", [parquet, jsonl])
@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("winner", None, "winner is missing"),
        ("winner", "both", "winner must be model_a, model_b or tie, and 'both' is none of these"),
        ("model_a", None, "a model's name is missing"),
        ("model_b", "  ", "a model's name is missing"),
    ],
)
def test_bad_line_is_named_by_its_number(tmp_path, read, make, column, value, reason):
    found = rows()
    found[700][column] = value
    with pytest.raises(BadLine, match=f"line 701: {reason}"):
        read(make(tmp_path, found), "overall")


def weighted(*, n=N):
    return [{**row, "weight": (0.5, 1.0, 2.25)[number % 3]} for number, row in enumerate(rows(n=n))]


@pytest.mark.parametrize("make", [parquet, jsonl])
def test_weights_of_a_file_count(tmp_path, make):
    found = weighted()
    votes, _ = read_votes(make(tmp_path, found), "overall")
    assert votes.weight.tolist() == [row["weight"] for row in found]
    cells, _ = read_cells(make(tmp_path, found), "overall")
    assert list(canonical_lines(cells)) == list(canonical_lines(reduce_votes(votes, by_voter=True)))
    plain, _ = read_votes(make(tmp_path, rows()), "overall")
    assert rank(votes, Options()).ratings != rank(plain, Options()).ratings


def test_weights_follow_the_order_of_times(tmp_path):
    found = [{**row, "timestamp": f"2026-01-{31 - number:02d}"} for number, row in enumerate(weighted(n=4))]
    votes, _ = read_votes(jsonl(tmp_path, found), "overall", by_time=True)
    assert votes.weight.tolist() == [0.5, 2.25, 1.0, 0.5]


def test_weights_of_whole_numbers_are_read_by_column(tmp_path, monkeypatch):
    monkeypatch.setattr(batches, "_batch_of_rows", None)
    cells, _ = read_cells(
        parquet(tmp_path, [{**row, "weight": number % 2} for number, row in enumerate(rows())]), "overall"
    )
    assert cells.weights.tolist() == [0.0, 1.0]


@pytest.mark.parametrize("read", [read_votes, read_cells])
@pytest.mark.parametrize("make", [parquet, jsonl])
@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, "the weight is missing, and the file has a column of weights"),
        (-1.0, "the weight must be finite and at least 0, and -1.0 is not"),
    ],
)
def test_bad_weight_is_a_bad_line(tmp_path, read, make, value, reason):
    found = weighted()
    found[700]["weight"] = value
    with pytest.raises(BadLine, match=f"line 701: {reason}"):
        read(make(tmp_path, found), "overall")


@pytest.mark.parametrize("value", ["heavy", "", "nan", "1e999", "-2"])
def test_bad_weight_in_csv(tmp_path, value):
    path = tmp_path / "votes.csv"
    path.write_text(f"model_a,model_b,winner,weight\nx,y,tie,1.5\nx,y,tie,{value}\n")
    with pytest.raises(BadLine, match="line 3: the weight "):
        read_cells(path, "overall")


def test_model_against_itself_is_a_bad_line(tmp_path):
    found = rows()
    found[700]["model_b"] = found[700]["model_a"]
    with pytest.raises(BadLine, match="line 701: “m.” is set against itself"):
        read_cells(parquet(tmp_path, found), "overall")


def test_winners_of_another_kind_are_bad_lines(tmp_path):
    with pytest.raises(BadLine, match="line 1: winner must be model_a, model_b or tie, and 1 is none of these"):
        read_cells(parquet(tmp_path, [{**row, "winner": 1} for row in rows()]), "overall")


def test_column_that_is_not_there(tmp_path):
    with pytest.raises(BadLine, match="line 1: winner_content is missing: there is no such column"):
        read_cells(parquet(tmp_path, rows()), "content")


def test_broken_parquet(tmp_path):
    path = parquet(tmp_path, rows())
    whole = path.read_bytes()
    path.write_bytes(whole[:200] + bytes(300) + whole[500:])
    with pytest.raises(BadFile):
        read_cells(path, "overall")


@pytest.mark.thorough
def test_memory_grows_with_cells_and_not_with_votes(tmp_path, monkeypatch):
    """What Python and numpy hold at most while 200,000 and 800,000 votes of the same few voters are counted."""
    monkeypatch.setattr(batches, "SHORT_ROWS", 1 << 14)
    most = []
    for times in (1, 4):
        path = tmp_path / f"{times}.parquet"
        table = pa.Table.from_pylist(rows(n=2000))
        pq.write_table(pa.concat_tables([table] * 100 * times), path)
        tracemalloc.start()
        cells, _ = read_cells(path, "overall", by_voter=False)
        most.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert cells.count.sum() == 200_000 * times
    assert most[1] < 1.2 * most[0]
