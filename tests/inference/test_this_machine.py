"""What this machine is and has; nvidia-smi is a script here, since its output is all that is read."""

from pathlib import Path

import pytest

from inference.engine import this_machine
from inference.engine.plan import plan
from inference.engine.spec import HostSpec, Spec, load_spec
from inference.engine.this_machine import Gpus, check_gpus, gpus_here, is_here
from inference.exceptions import EngineError, SpecError

LISTED = "0, GPU-5ac, 81559\n1, GPU-90f, 81559\n2, GPU-77b, 24564\n"


@pytest.fixture
def nvidia(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    script = tmp_path / "nvidia-smi"
    script.write_text(f"#!/bin/sh\nprintf '{LISTED}'\n")
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return script


def test_every_gpu_is_listed(nvidia: Path) -> None:
    found = gpus_here(None)
    assert found
    assert found.names == ("0", "1", "2")
    assert [round(gb or 0, 1) for gb in found.memory_gb] == [85.5, 85.5, 25.8]


def test_cuda_visible_devices_is_followed(nvidia: Path) -> None:
    found = gpus_here(("2", "GPU-5ac"))
    assert found
    assert found.names == ("2", "GPU-5ac")
    assert [round(gb or 0) for gb in found.memory_gb] == [26, 86]
    assert gpus_here(()) == Gpus((), ())


def test_a_driver_that_does_not_answer_means_no_gpu(nvidia: Path) -> None:
    nvidia.write_text("#!/bin/sh\necho 'NVIDIA-SMI has failed, because it could not communicate'\nexit 9\n")
    assert gpus_here(None) == Gpus((), ())


def test_a_driver_that_hangs_is_named(nvidia: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nvidia.write_text("#!/bin/sh\nexec sleep 30\n")
    monkeypatch.setattr(this_machine, "_SECONDS_TO_LIST", 0.1)
    with pytest.raises(EngineError, match="nvidia-smi did not answer"):
        gpus_here(None)


def test_without_nvidia_smi_there_are_none_or_they_are_not_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(this_machine, "_AMD", tmp_path / "kfd")
    assert gpus_here(None) == Gpus((), ())
    (tmp_path / "kfd").touch()
    assert gpus_here(None) is None


def spec_of(folder: Path, gpus: str) -> Spec:
    path = folder / "spec.yaml"
    path.write_text(f"hosts: [{{name: localhost, gpus: {gpus}}}]\nmodels: [{{name: m, hub_id: a/m, gpus: 2}}]\n")
    return load_spec(path)


def check(spec: Spec, found: Gpus | None) -> None:
    check_gpus(spec, spec.hosts[0], plan(spec), found)


def test_gpus_that_are_there_are_accepted(tmp_path: Path, nvidia: Path) -> None:
    check(spec_of(tmp_path, "[80, 80, 24]"), gpus_here(None))
    check(spec_of(tmp_path, "[80, 80, 24]"), None)


def test_a_gpu_that_is_not_there_is_refused(tmp_path: Path, nvidia: Path) -> None:
    with pytest.raises(SpecError, match=r"spec\.yaml:1: 'gpus' of localhost: the plan uses GPU 2, and 2 can be used"):
        check(spec_of(tmp_path, "[80, 80, 24]"), gpus_here(("0", "1")))


def test_a_gpu_with_less_memory_is_refused(tmp_path: Path, nvidia: Path) -> None:
    with pytest.raises(SpecError, match=r"spec\.yaml:1: 'gpus' of localhost: GPU 2 has 25\.8 GB of memory, not 80"):
        check(spec_of(tmp_path, "{count: 3, memory_gb: 80}"), gpus_here(None))


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        (HostSpec(name="localhost"), True),
        (HostSpec(name="me", address="127.0.0.1"), True),
        (HostSpec(name="far", address="192.0.2.7"), False),
        (HostSpec(name="no-such-name.invalid"), False),
    ],
)
def test_whether_a_host_is_this_machine(host: HostSpec, expected: bool) -> None:
    assert is_here(host) is expected
