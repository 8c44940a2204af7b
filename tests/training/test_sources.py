"""What stages read: folders and files, in pieces, with broken rows named by number."""

import gzip
import json
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.columns import Kind
from training.exceptions import BadManifest, BadRow, BadSource
from training.manifests import Plan
from training.shards import write_rows
from training.shares import Share
from training.sources import needs, open_source
from training.stages import Layout, Made, only, run_stage

ROWS = [{"text": f"{number}. errenkada"} for number in range(7)]
LINES = "".join(json.dumps(row) + "\n" for row in ROWS).encode()


def write(folder: Path, suffix: str) -> Path:
    path = folder / f"rows{suffix}"
    if suffix == ".parquet":
        write_rows(folder, "rows", ROWS, {"text": Kind.TEXT}, form="parquet")
    elif suffix == ".jsonl.gz":
        path.write_bytes(gzip.compress(LINES))
    elif suffix == ".jsonl.zst":
        path.write_bytes(pa.compress(LINES, "zstd", asbytes=True))
    else:
        path.write_bytes(LINES)
    return path


@pytest.mark.parametrize("suffix", [".parquet", ".jsonl", ".jsonl.gz", ".jsonl.zst"])
def test_files_in_pieces(tmp_path: Path, suffix: str) -> None:
    source = open_source(write(tmp_path, suffix), per_piece=3)
    assert (source.input.rows, source.pieces) == (7, 3)
    pieces = list(source.each())
    assert [piece.number for piece in pieces] == [0, 1, 2]
    assert [position for piece in pieces for position, _row in piece.rows] == list(range(7))
    assert [row for piece in pieces for _position, row in piece.rows] == ROWS


@given(st.sets(st.integers(0, 3)))
def test_a_piece_is_the_same_whatever_else_is_wanted(tmp_path_factory: pytest.TempPathFactory, some: set[int]) -> None:
    source = open_source(write(tmp_path_factory.mktemp("rows"), ".jsonl"), per_piece=2)
    everything = {piece.number: piece for piece in source.each()}
    assert list(source.each(some.__contains__)) == [everything[number] for number in sorted(some)]


def test_what_a_stage_put_aside(tmp_path: Path) -> None:
    layout = Layout(tmp_path, {"text": Kind.TEXT}, {"rejected": {"text": Kind.TEXT}})
    plan = Plan("try", {}, shards=2)
    run_stage(
        plan, layout, only(lambda number: Made(ROWS[:2], aside={"rejected": ROWS[2:5]})), share=Share(), watch=print
    )
    assert open_source(tmp_path).input.rows == 4
    rejected = open_source(tmp_path, name="rejected", per_piece=4)
    assert [len(piece.rows) for piece in rejected.each()] == [4, 2]
    assert rejected.made_by["stage"] == "try"
    with pytest.raises(BadManifest, match="nothing under the name 'reject'"):
        open_source(tmp_path, name="reject")


@pytest.mark.parametrize(
    "line, reason",
    [
        ("{", "it is no JSON"),
        ("[" * 100_000, "it is no JSON"),
        ("[]", "it is no JSON object"),
        ("", "it is no JSON"),
        ("{}", "'text' is missing"),
        ('{"text": 3}', "'text' is no text"),
        ('{"text": " "}', "'text' is empty"),
    ],
)
def test_broken_rows_are_named_or_counted(tmp_path: Path, line: str, reason: str) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"text": "ongi"}\n' + line + '\n{"text": "hau ere"}\n')
    with pytest.raises(BadRow, match=f"rows.jsonl, row 2: {reason}"):
        list(open_source(path, check=needs("text")).each())
    pieces = list(open_source(path, check=needs("text"), skip_bad=True, per_piece=2).each())
    assert [piece.bad for piece in pieces] == [1, 0]
    assert [position for piece in pieces for position, _row in piece.rows] == [0, 2]


@pytest.mark.parametrize("suffix", [".parquet", ".jsonl.gz", ".jsonl.zst"])
def test_a_file_that_was_cut_off(tmp_path: Path, suffix: str) -> None:
    path = write(tmp_path, suffix)
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(BadSource, match=f"rows{suffix}"):
        list(open_source(path).each())


@pytest.mark.parametrize("name", ["rows.txt", "nothing.jsonl"])
def test_what_cannot_be_read_at_all(tmp_path: Path, name: str) -> None:
    (tmp_path / "rows.txt").write_text("")
    with pytest.raises(BadSource, match=name):
        open_source(tmp_path / name)


def test_a_shard_that_was_changed_is_named_when_columns_are_asked_for(tmp_path: Path) -> None:
    run_stage(
        Plan("try", {}, shards=1),
        Layout(tmp_path, {"text": Kind.TEXT}),
        only(lambda _number: Made(ROWS)),
        share=Share(),
        watch=print,
    )
    source = open_source(tmp_path)
    shard = tmp_path / "shards/00000.parquet"
    shard.write_bytes(shard.read_bytes() + b"x")
    with pytest.raises(BadManifest, match="does not match its manifest"):
        source.columns()


def test_a_folder_of_no_stage(tmp_path: Path) -> None:
    with pytest.raises(BadManifest, match="it is no folder of a stage"):
        open_source(tmp_path)


def test_a_file_that_is_empty(tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text("")
    source = open_source(tmp_path / "rows.jsonl")
    assert source.pieces == 0 and list(source.each()) == []


def test_a_folder_of_published_files(tmp_path: Path) -> None:
    """Several files, as data sets are published, are one source in the order of their names."""
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "train-00001-of-00002.jsonl").write_text('{"text": "hiru"}\n{"text": 4, "more": 1}\n')
    (folder / "train-00000-of-00002.jsonl").write_text('{"text": "bat"}\n{"text": "bi"}\n')
    (folder / "README.md").write_text("about it")
    source = open_source(folder, check=needs("text"), per_piece=3)
    assert (source.input.rows, source.pieces) == (4, 2)
    assert source.columns() == {"text": Kind.TEXT, "more": Kind.INTEGER}
    with pytest.raises(BadRow, match="data, row 4: 'text' is no text"):
        list(source.each())
    rows = [row["text"] for piece in open_source(folder, per_piece=3).each() for _position, row in piece.rows]
    assert rows == ["bat", "bi", "hiru", 4]
    (folder / "train-00000-of-00002.jsonl").write_text('{"text": "bat"}\n{"text": "BI"}\n')
    assert open_source(folder).input.sha256 != source.input.sha256


def test_which_columns_there_are_and_which_have_values(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"a": null, "b": NaN}\n{"a": null, "b": NaN, "c": 0}\n')
    source = open_source(path)
    assert source.columns() == {"a": Kind.TEXT, "b": Kind.NUMBER, "c": Kind.INTEGER}
    assert source.filled(["a", "b", "c", "d"]) == {"c"}


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(BadSource, match="nowhere does not exist"):
        open_source(tmp_path / "nowhere")
