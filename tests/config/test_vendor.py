"""The vendored libraries are exactly what SHA256SUMS says, and each has its licence beside it."""

import hashlib
from pathlib import Path

import pytest
from django.conf import settings

STATIC = Path(settings.BASE_DIR) / "static"
SUMS = {
    name: digest
    for digest, name in (line.split(maxsplit=1) for line in (STATIC / "vendor" / "SHA256SUMS").read_text().splitlines())
}


@pytest.mark.parametrize("name", sorted(SUMS))
def test_file_has_the_sum_that_is_written_down(name: str) -> None:
    assert hashlib.sha256((STATIC / name).read_bytes()).hexdigest() == SUMS[name]


def test_every_vendored_file_has_a_sum() -> None:
    there = {
        path.relative_to(STATIC).as_posix()
        for folder in ("vendor", "fonts")
        for path in (STATIC / folder).rglob("*")
        if path.is_file() and path.name not in ("SHA256SUMS", "README.md")
    }
    assert there == set(SUMS)


def test_every_library_has_its_licence_beside_it() -> None:
    folders = {Path(name).parent for name in SUMS}
    assert folders, "nothing is vendored"
    assert [folder for folder in folders if f"{folder.as_posix()}/LICENSE" not in SUMS] == []


@pytest.mark.parametrize("name", [name for name in sorted(SUMS) if name.endswith(".js")])
def test_no_library_points_to_a_source_map_that_is_not_there(name: str) -> None:
    assert "sourceMappingURL" not in (STATIC / name).read_text()
