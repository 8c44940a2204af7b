"""The bench of rankings runs, and its figures are of fits that have converged."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bench.ranking.__main__ import CONVERGED, table
from bench.ranking.contestants import contestants
from bench.ranking.data import draw, unexplained

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("name", ["ours", "choix, dense counts", "choix, lists", "evalica", "classic logistic"])
def test_point_fits_of_all_have_converged_to_the_same(name):
    codes = draw(3000, 6)
    make = next(make for who, _source, make in contestants() if who == name)
    ours = next(make for who, _source, make in contestants() if who == "ours")(codes)["point"]()
    strength = make(codes)["point"]()
    assert unexplained(codes.wins(), strength) < CONVERGED
    assert strength - strength.mean() == pytest.approx(ours, abs=1e-5)


def test_table_shows_ratios_dashes_and_what_has_not_converged():
    shared = {"votes": 13_000, "models": 21, "task": "point", "peak_mb": 100, "source": "codes"}
    found = [
        shared | {"contestant": "ours", "seconds": [0.5, 0.2], "unexplained": 0.0},
        shared | {"contestant": "other", "seconds": [0.4], "unexplained": 1e-3},
        shared | {"contestant": "ours", "votes": 100_000, "seconds": [1.0], "unexplained": 0.0},
    ]
    said = table(found, [(13_000, 21), (100_000, 21)]).splitlines()
    assert said[2] == "| point | ours | codes | 0.2 s, 100 MB | 1 s, 100 MB |"
    assert said[3] == "| point | other | codes | 0.4 s! (2×), 100 MB | – |"


@pytest.mark.processes
def test_quick_run(tmp_path):
    path = tmp_path / "bench.json"
    command = [sys.executable, "-m", "bench.ranking", "--quick", "--only", "ours", "--output", str(path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert "| 1,000 resamples | ours | codes |" in done.stdout
    assert all(result["unexplained"] < CONVERGED for result in json.loads(path.read_text())["results"])


@pytest.mark.processes
def test_file_is_streamed():
    command = [sys.executable, "-m", "bench.ranking.streamed", "--votes", "20000", "--voters", "300"]
    found = json.loads(subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout)
    assert found["counted"] == 20_000
    assert found["peak_mb"] > 0
