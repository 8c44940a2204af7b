"""`manage.py serve_models`, as a person runs it, with the scripted server in the engine's place."""

from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from inference.engine.launch import register_spec
from inference.engine.spec import load_spec
from inference.models import ServedModel

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
