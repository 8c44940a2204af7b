"""What identifies a model's files."""

from pathlib import Path

import pytest

from training.exceptions import TrainingError
from training.revisions import revision_of


def test_a_folder_is_known_by_its_files(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "config.json").write_text("{}")
        (tmp_path / name / "model.safetensors").write_bytes(b"weights")
    (tmp_path / "two/README.md").write_text("Not a part of the model.")
    one = revision_of(str(tmp_path / "one"))
    assert one.startswith("sha256:") and one == revision_of(str(tmp_path / "two"), "main")
    (tmp_path / "two/model.safetensors").write_bytes(b"Weights")
    assert revision_of(str(tmp_path / "two")) != one
    (tmp_path / "one/model.safetensors").rename(tmp_path / "one/model-2.safetensors")
    assert revision_of(str(tmp_path / "one")) != one


def test_a_folder_without_a_model(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="has no config.json"):
        revision_of(str(tmp_path))
