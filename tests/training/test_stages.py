"""Every stage: shards, resuming, several processes, and what must not be mixed or believed."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from training.columns import Kind
from training.exceptions import BadManifest, CannotWrite, PlanDiffers, TrainingError
from training.manifests import MANIFEST, Plan, read_manifest
from training.shards import JSONL, PARQUET, rows_of
from training.shares import Share
from training.stages import Layout, Made, dropped_if_nothing_came, only, run_stage

PLAN = Plan(stage="try", arguments={"total": 10}, shards=5, seed=7)
COLUMNS = {"number": Kind.INTEGER, "text": Kind.TEXT}


def ignore(*_news: object) -> None:
    """Nobody watches."""


def make_one(number: int) -> Made:
    rows = [{"number": 2 * number + each, "text": "ñ" * each} for each in range(2)]
    return Made(rows, {"made": 2}, {"rejected": [{"number": number}]})


def layout(folder: Path, form: str = PARQUET) -> Layout:
    return Layout(folder, COLUMNS, {"rejected": {"number": Kind.INTEGER}}, form)


@pytest.mark.parametrize("form", [PARQUET, JSONL])
def test_shards_and_their_manifest(tmp_path: Path, form: str) -> None:
    manifest = run_stage(PLAN, layout(tmp_path, form), only(make_one), share=Share(), watch=ignore)
    assert manifest is not None
    assert (manifest.rows, manifest.counts) == (10, {"made": 10})
    found = read_manifest(tmp_path)
    assert found == manifest
    assert [row["number"] for row in rows_of(found)] == list(range(10))
    assert [row["number"] for row in rows_of(found, "rejected")] == list(range(5))


def test_the_same_bytes_whatever_the_number_of_processes(tmp_path: Path) -> None:
    run_stage(PLAN, layout(tmp_path / "one"), only(make_one), share=Share(), watch=ignore)
    results = [
        run_stage(PLAN, layout(tmp_path / "three"), only(make_one), share=Share(index, 3), watch=ignore)
        for index in (2, 0, 1)
    ]
    assert [result is None for result in results] == [True, True, False]
    one, three = (
        {path.relative_to(folder): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
        for folder in (tmp_path / "one", tmp_path / "three")
    )
    assert one == three


def test_what_is_there_is_not_made_again(tmp_path: Path) -> None:
    asked: list[set[int]] = []

    def interrupted(wanted: set[int]) -> Iterator[tuple[int, Made]]:
        asked.append(wanted)
        for number in sorted(wanted)[:2]:
            yield number, make_one(number)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_stage(PLAN, layout(tmp_path), interrupted, share=Share(), watch=ignore)
    assert not (tmp_path / MANIFEST).exists()
    with pytest.raises(BadManifest, match="has not finished"):
        read_manifest(tmp_path)

    def rest(wanted: set[int]) -> Iterator[tuple[int, Made]]:
        asked.append(wanted)
        yield from only(make_one)(wanted)

    assert run_stage(PLAN, layout(tmp_path), rest, share=Share(), watch=ignore)
    assert asked == [{0, 1, 2, 3, 4}, {2, 3, 4}]


def test_another_plan_is_refused_by_what_differs(tmp_path: Path) -> None:
    run_stage(PLAN, layout(tmp_path), only(make_one), share=Share(), watch=ignore)
    other = Plan(stage="try", arguments={"total": 12}, shards=5, seed=8)
    with pytest.raises(PlanDiffers, match="total is 10 there, and 12 here; seed is 7 there, and 8 here"):
        run_stage(other, layout(tmp_path), only(make_one), share=Share(), watch=ignore)
    alien = Plan(stage="tag", arguments={"missions": 12}, shards=5, seed=8)
    with pytest.raises(PlanDiffers, match=r'\(stage is "try" there, and "tag" here\)'):
        run_stage(alien, layout(tmp_path), only(make_one), share=Share(), watch=ignore)


def test_a_shard_that_was_changed_is_not_believed(tmp_path: Path) -> None:
    run_stage(PLAN, layout(tmp_path), only(make_one), share=Share(), watch=ignore)
    shard = tmp_path / "shards/00003.parquet"
    shard.write_bytes(shard.read_bytes()[:-1] + b"x")
    with pytest.raises(BadManifest, match="00003.parquet does not match its manifest"):
        list(rows_of(read_manifest(tmp_path)))
    with pytest.raises(BadManifest, match="Remove it to make the shard again"):
        run_stage(PLAN, layout(tmp_path), only(make_one), share=Share(), watch=ignore)


@pytest.mark.parametrize("name, value", [("rows", "2"), ("path", 3), ("sha256", None)])
def test_a_manifest_of_other_types(tmp_path: Path, name: str, value: object) -> None:
    run_stage(PLAN, layout(tmp_path), only(make_one), share=Share(), watch=ignore)
    path = tmp_path / "manifest.json"
    changed = json.loads(path.read_text())
    changed["shards"][1]["files"]["shards"][name] = value
    path.write_text(json.dumps(changed))
    with pytest.raises(BadManifest, match=f"manifest.json cannot be read: TypeError: {name} of a file is"):
        read_manifest(tmp_path)


def test_a_folder_that_may_not_be_written_to(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CannotWrite, match="could not be written"):
        run_stage(PLAN, layout(tmp_path / "file"), only(make_one), share=Share(), watch=ignore)


def test_a_value_that_its_column_cannot_hold(tmp_path: Path) -> None:
    def wrong(number: int) -> Made:
        return Made([{"number": "many"}])

    with pytest.raises(TrainingError, match="does not fit its columns"):
        run_stage(PLAN, layout(tmp_path), only(wrong), share=Share(), watch=ignore)
    assert not list(tmp_path.glob("shards/*"))


@pytest.mark.parametrize("index, count", [(3, 3), (-1, 2), (0, 0)])
def test_a_share_that_is_none(index: int, count: int) -> None:
    with pytest.raises(TrainingError, match=f"--shard {index} --num-shards {count}"):
        Share.of(index, count)


def test_the_manifest_has_no_times(tmp_path: Path) -> None:
    run_stage(PLAN, layout(tmp_path), only(make_one), share=Share(), watch=ignore)
    assert json.loads((tmp_path / MANIFEST).read_text())["plan"]["arguments"] == {"total": 10}
    assert not [path for path in tmp_path.rglob("*") if path.name.endswith(".part")]


@pytest.mark.parametrize(
    ("share", "left", "kept"), [(Share(), "", False), (Share(0, 2), "", True), (Share(), "shards/00000.parquet", True)]
)
def test_a_plan_that_failed_before_anything_was_made(tmp_path: Path, share: Share, left: str, kept: bool) -> None:
    """Taken back, so that the command can be mended; not where others, or what is there, may go by it."""
    with pytest.raises(TrainingError, match="bad argument"), dropped_if_nothing_came(tmp_path, share):
        (tmp_path / "plan.json").write_text("{}")
        if left:
            (tmp_path / left).parent.mkdir()
            (tmp_path / left).touch()
        raise TrainingError("a bad argument of the engine")
    assert (tmp_path / "plan.json").exists() is kept


def test_a_plan_that_was_there_stays(tmp_path: Path) -> None:
    (tmp_path / "plan.json").write_text("{}")
    with pytest.raises(TrainingError), dropped_if_nothing_came(tmp_path, Share()):
        raise TrainingError("later")
    assert (tmp_path / "plan.json").exists()
