"""Who made what when: a row where there is a database, a file where there is none."""

import json
from pathlib import Path

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests.factories import UserFactory
from training.enums import RunState
from training.exceptions import TrainingError
from training.manifests import ShardRecord
from training.models import PipelineRun
from training.runs import recorded
from training.shares import Share

SHARE = Share(1, 4)


@pytest.mark.django_db
def test_a_run_that_ends_well(tmp_path: Path) -> None:
    with recorded("try", tmp_path, {"total": 9}, SHARE) as run:
        assert PipelineRun.objects.get().state == RunState.RUNNING
        run.watch(ShardRecord(0, {}, {"made": 2}), 1, 3)
        run.watch(ShardRecord(4, {}, {"made": 3, "bad": 1}), 2, 3)
    row = PipelineRun.objects.get()
    assert (row.state, row.share, row.done, row.total) == (RunState.FINISHED, "1/4", 2, 3)
    assert (row.counts, row.arguments, row.folder) == ({"made": 5, "bad": 1}, {"total": 9}, str(tmp_path))
    assert row.ended_at is not None and row.started_at <= row.seen_at <= row.ended_at


@pytest.mark.django_db
@pytest.mark.parametrize(
    "error, state, text",
    [
        (TrainingError("The disk is full."), RunState.FAILED, "The disk is full."),
        (ZeroDivisionError("by 0"), RunState.FAILED, "ZeroDivisionError: by 0"),
        (KeyboardInterrupt(), RunState.INTERRUPTED, ""),
    ],
)
def test_a_run_that_does_not(tmp_path: Path, error: BaseException, state: RunState, text: str) -> None:
    with pytest.raises(type(error)), recorded("try", tmp_path, {}, SHARE):
        raise error
    row = PipelineRun.objects.get()
    assert (row.state, row.error) == (state, text)


def test_without_a_database_it_is_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    missing = tmp_path / "db.sqlite3"
    settings = {"NAME": str(missing)}
    monkeypatch.setattr(
        "training.runs.connection",
        type("C", (), {"settings_dict": settings, "vendor": "sqlite", "in_atomic_block": False})(),
    )
    with recorded("try", tmp_path / "out", {}, SHARE) as run:
        run.end(RunState.WAITING)
    found = json.loads((tmp_path / "out/run-00001.json").read_text())
    assert (found["state"], found["stage"]) == ("waiting", "try")
    assert not missing.exists(), "looking for a database must not make one"


@pytest.mark.django_db
@pytest.mark.parametrize(
    "name, values",
    [
        ("pipelinerun_state_valid", {"state": "asleep", "ended_at": timezone.now()}),
        ("pipelinerun_ended_iff_not_running", {"state": RunState.FINISHED}),
    ],
)
def test_constraints(name: str, values: dict[str, object]) -> None:
    now = timezone.now()
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        PipelineRun.objects.create(stage="try", folder="x", share="0/1", started_at=now, seen_at=now, **values)


@pytest.mark.django_db
def test_admins_look_and_change_nothing(client: Client, tmp_path: Path) -> None:
    with recorded("try", tmp_path, {}, SHARE):
        pass
    client.force_login(UserFactory(admin=True))
    assert str(tmp_path) in client.get(reverse("admin:training_pipelinerun_changelist")).content.decode()
    page = reverse("admin:training_pipelinerun_change", args=[PipelineRun.objects.get().pk])
    assert client.get(page).status_code == 200
    assert client.post(page, {"stage": "other"}).status_code == 403
    assert client.get(reverse("admin:training_pipelinerun_add")).status_code == 403
