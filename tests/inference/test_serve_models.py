"""The commands that launch and announce model servers. `tests/tools/test_run.py` has them really serve."""

import socket
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from inference.engine.launch import register_spec
from inference.engine.spec import load_spec
from inference.enums import ModelHealth
from inference.models import ServedModel
from inference.tasks import probe_served_models

ROOT = Path(__file__).resolve().parents[2]
DEMO = ROOT / "docs" / "specs" / "demo.yaml"


def test_a_dry_run_prints_commands_and_runs_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("serve_models", str(DEMO), "--dry-run", "--python", "/engine/python")
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("env DO_NOT_TRACK=1 HF_HUB_OFFLINE=1 VLLM_CPU_KVCACHE_SPACE=1 VLLM_NO_USAGE_STATS=1 ")
    assert "/engine/python -m vllm.entrypoints.openai.api_server --model " in line


def test_a_wrong_spec_is_named(tmp_path: Path) -> None:
    spec = tmp_path / "spec.yaml"
    spec.write_text("models:\n  - {name: m}\n")
    with pytest.raises(CommandError, match=r"spec\.yaml:2: 'port' is missing"):
        call_command("serve_models", str(spec))


@pytest.mark.django_db
def test_registering_a_spec_makes_its_served_models() -> None:
    for _ in range(2):
        (served_model,) = register_spec(load_spec(DEMO))
    assert ServedModel.objects.get() == served_model
    assert served_model.base_url == "http://127.0.0.1:8100/v1"
    assert served_model.name == served_model.model_name == "smollm2-135m-instruct"


@pytest.mark.django_db
def test_announced_models_are_warming_up_until_they_are_withdrawn(tmp_path: Path) -> None:
    spec = tmp_path / "spec.yaml"
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        spec.write_text(f"models:\n  - {{name: m, path: p, port: {unused.getsockname()[1]}}}\n")
    call_command("announce_models", str(spec), "--minutes", "5")
    (served_model,) = ServedModel.objects.warming_up()
    assert served_model.warming_up_until
    probe_served_models()
    assert ServedModel.objects.warming_up().exists()

    call_command("announce_models", str(spec), "--withdraw", "No engine.")
    served_model.refresh_from_db()
    assert (served_model.health, served_model.health_reason) == (ModelHealth.FAILING, "No engine.")
    assert not ServedModel.objects.warming_up().exists()
