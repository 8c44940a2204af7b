"""The commands that launch and announce model servers. `tests/tools/test_run.py` has them really serve."""

import socket
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django.fixtures import Settings

from inference.engine.plan import plan
from inference.engine.registration import register_spec
from inference.engine.spec import load_spec
from inference.enums import ModelHealth
from inference.models import ServedModel
from inference.tasks import probe_served_models
from tests.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
SPECS = ROOT / "docs" / "specs"
DEMO = SPECS / "demo.yaml"


def written(folder: Path, text: str) -> Path:
    path = folder / "spec.yaml"
    path.write_text(text)
    return path


def register(path: Path) -> dict[str, list[ServedModel]]:
    spec = load_spec(path)
    return register_spec(spec, plan(spec))


def test_a_dry_run_prints_the_plan_and_the_commands_and_runs_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("serve_models", str(DEMO), "--dry-run", "--python", "/engine/python")
    heading, row, blank, host, command = capsys.readouterr().out.splitlines()
    assert heading.split() == ["model", "replica", "host", "GPUs", "share", "port", "adapters"]
    assert row.split() == ["smollm2-135m-instruct", "1", "of", "1", "localhost", "CPU", "–", "8100", "–"]
    assert (blank, host) == ("", "# on localhost")
    assert command.startswith("env DO_NOT_TRACK=1 HF_HUB_OFFLINE=1 VLLM_CPU_KVCACHE_SPACE=1 VLLM_NO_USAGE_STATS=1 ")
    assert "/engine/python -m vllm.entrypoints.openai.api_server --model " in command


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("models:\n  - {name: m}\n", r"spec\.yaml:2: 'path' or 'hub_id' or 'base_url' must be given"),
        (
            "hosts: [{name: h, gpus: [80]}]\nmodels: [{name: m, path: p, replicas: 2}]",
            r"spec\.yaml:2: 'gpu_memory_utilization' of m#2 cannot be had",
        ),
        ("models: [{name: m, path: nowhere}]", r"spec\.yaml:1: 'path' is not there: .*/nowhere"),
        (
            "hosts: [{name: far, address: 192.0.2.7}]\nmodels: [{name: m, path: p}]",
            r"The host far \(192\.0\.2\.7\) is not this machine\. Run `serve_models` there with `--host far`",
        ),
        (
            "hosts: [{name: a, address: 127.0.0.1}, {name: b, address: 127.0.0.2}]\n"
            "models: [{name: m, path: p, replicas: 2}]",
            r"The plan uses a, b\. Choose with `--host a` what to serve here",
        ),
        (
            "hosts: [{name: localhost, gpus: {count: 1, memory_gb: 1000}}]\nmodels: [{name: m, path: p}]",
            r"spec\.yaml:1: 'gpus' of localhost: ",
        ),
    ],
)
def test_what_cannot_be_served_is_refused_before_anything_starts(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(CommandError, match=message):
        call_command("serve_models", str(written(tmp_path, text)), "--python", "/usr/bin/env")


def test_a_host_that_the_spec_does_not_know_is_refused() -> None:
    with pytest.raises(CommandError, match=r"demo\.yaml has no host gpu7; it has localhost\."):
        call_command("serve_models", str(DEMO), "--host", "gpu7", "--dry-run")


def test_one_host_cannot_be_chosen_for_slurm() -> None:
    with pytest.raises(CommandError, match="--host cannot be chosen with --backend slurm"):
        call_command("serve_models", str(DEMO), "--host", "localhost", "--backend", "slurm", "--dry-run")


@pytest.mark.django_db(transaction=True)
def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path, settings: Settings) -> None:
    (tmp_path / "var").touch()
    settings.VAR_DIR = tmp_path / "var"
    spec = written(tmp_path, f"models: [{{name: m, hub_id: a/m, port: {free_port()}}}]")
    with pytest.raises(CommandError, match="Not a directory: .*/var/log"):
        call_command("serve_models", str(spec), "--python", "/usr/bin/env")


def test_a_python_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"There is no /nowhere/python to run m with"):
        call_command(
            "serve_models", str(written(tmp_path, "models: [{name: m, path: docs}]")), "--python", "/nowhere/python"
        )


@pytest.mark.django_db
def test_registering_a_spec_makes_its_served_models() -> None:
    for _ in range(2):
        found = register(DEMO)
    served_model = ServedModel.objects.get()
    assert found == {"smollm2-135m-instruct": [served_model]}
    assert served_model.base_url == "http://127.0.0.1:8100/v1"
    assert served_model.name == served_model.model_name == "smollm2-135m-instruct"


@pytest.mark.django_db
def test_adapters_and_replicas_are_registered_and_a_changed_spec_updates_them(tmp_path: Path) -> None:
    spec = (
        "models: [{name: m, hub_id: a/m, revision: r1, replicas: 2, adapters: [{name: a, hub_id: a/a, revision: v1}]}]"
    )
    register(written(tmp_path, spec))
    ServedModel.objects.filter(name="a").update(max_concurrent_answers=7)
    for name, revision in (("m", "r1"), ("a", "v1")):
        served_model = ServedModel.objects.get(name=name)
        assert served_model.addresses == ["http://127.0.0.1:8100/v1", "http://127.0.0.1:8101/v1"]
        assert (served_model.model_name, served_model.revision) == (name, revision)

    register(written(tmp_path, spec.replace("replicas: 2", "port: 8150").replace("r1", "r2")))
    assert ServedModel.objects.count() == 2
    assert ServedModel.objects.get(name="m").revision == "r2"
    adapter = ServedModel.objects.get(name="a")
    assert (adapter.addresses, adapter.max_concurrent_answers) == (["http://127.0.0.1:8150/v1"], 7)


@pytest.mark.django_db
def test_the_fleet_of_the_paper_is_registered_with_its_hosted_models() -> None:
    register(SPECS / "paper-fleet.yaml")
    assert ServedModel.objects.count() == 19
    assert ServedModel.objects.get(name="exp_2_101_70b").base_url == "http://10.0.0.12:8100/v1"
    gpt = ServedModel.objects.get(name="gpt-4o")
    assert (gpt.base_url, gpt.model_name) == ("https://api.openai.com/v1", "gpt-4o-2024-11-20")
    assert (gpt.api_key_env, gpt.max_concurrent_answers) == ("OPENAI_API_KEY", 16)


@pytest.mark.django_db
def test_a_spec_of_hosted_models_alone_starts_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spec = written(tmp_path, "models: [{name: gpt, base_url: 'https://api.openai.com/v1', api_key_env: A_API_KEY}]")
    call_command("serve_models", str(spec), "--python", "/usr/bin/env")
    assert "There is no server to start here." in capsys.readouterr().out
    assert ServedModel.objects.get().health == ModelHealth.UNKNOWN


@pytest.mark.django_db
def test_announced_models_are_warming_up_until_they_are_withdrawn(tmp_path: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        spec = written(tmp_path, f"models:\n  - {{name: m, path: p, port: {unused.getsockname()[1]}}}\n")
    call_command("announce_models", str(spec), "--minutes", "5")
    (served_model,) = ServedModel.objects.warming_up()
    assert served_model.warming_up_until
    probe_served_models()
    assert ServedModel.objects.warming_up().exists()

    call_command("announce_models", str(spec), "--withdraw", "No engine.")
    served_model.refresh_from_db()
    assert (served_model.health, served_model.health_reason) == (ModelHealth.FAILING, "No engine.")
    assert not ServedModel.objects.warming_up().exists()
