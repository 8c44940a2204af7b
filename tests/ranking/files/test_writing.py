import gzip
import os

import pytest

from ranking.files.errors import CannotWrite
from ranking.files.writing import writing


def test_file_is_there_whole_or_not_at_all(tmp_path):
    path = tmp_path / "out.txt"
    path.write_text("before")
    with pytest.raises(RuntimeError), writing(path) as file:
        file.write(b"half")
        raise RuntimeError
    assert path.read_text() == "before"
    assert os.listdir(tmp_path) == ["out.txt"]
    with writing(path) as file:
        file.write(b"after")
        assert path.read_text() == "before"
    assert path.read_text() == "after"
    assert os.listdir(tmp_path) == ["out.txt"]


def test_others_may_read_it(tmp_path):
    mask = os.umask(0o022)
    try:
        with writing(tmp_path / "out.txt") as file:
            file.write(b"x")
    finally:
        os.umask(mask)
    assert (tmp_path / "out.txt").stat().st_mode & 0o777 == 0o644


def test_equal_content_makes_equal_compressed_bytes(tmp_path):
    for name in ("one.gz", "two.gz"):
        with writing(tmp_path / name) as file:
            file.write(b"kaixo" * 100)
    assert (tmp_path / "one.gz").read_bytes() == (tmp_path / "two.gz").read_bytes()
    assert gzip.decompress((tmp_path / "one.gz").read_bytes()) == b"kaixo" * 100


def test_folder_that_is_not_there(tmp_path):
    with pytest.raises(CannotWrite, match="cannot be written: No such file"), writing(tmp_path / "none" / "out.txt"):
        pytest.fail("never reached")


def test_folder_in_the_place_of_the_file(tmp_path):
    with pytest.raises(CannotWrite, match="is a folder"), writing(tmp_path):
        pytest.fail("never reached")


def test_disk_that_is_full(tmp_path):
    with pytest.raises(CannotWrite, match="No space left"), writing(tmp_path / "out.txt") as file:
        file.write(b"half")
        raise OSError(28, "No space left on device")
    assert os.listdir(tmp_path) == []
