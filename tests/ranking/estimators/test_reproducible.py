"""The same votes give the same digits: in another process, in another order, with another chunk size, last year."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from ranking.estimators import Options, rank, software
from ranking.estimators.threads import at_most
from tests.ranking.estimators.samples import draw_rows, ranked, voters_for, votes_of

GOLDEN = Path(__file__).parent / "golden.json"
ROWS = draw_rows([0.0, 0.2, 0.5, 0.9, 1.6], 500)
VOTERS = voters_for(ROWS, 60)
VARIANTS = [
    {"method": "bradley-terry", "interval": "bootstrap", "cluster": "none"},
    {"method": "bradley-terry", "interval": "bootstrap", "cluster": "voter"},
    {"method": "bradley-terry", "interval": "sandwich", "cluster": "voter"},
    {"method": "davidson", "interval": "bootstrap", "cluster": "voter"},
    {"method": "davidson", "interval": "sandwich", "cluster": "none"},
    {"method": "rao-kupper", "interval": "bootstrap", "cluster": "voter"},
    {"method": "rao-kupper", "interval": "sandwich", "cluster": "voter"},
    {"method": "elo", "interval": "bootstrap", "cluster": "voter"},
    {"method": "elo", "interval": "none", "cluster": "none"},
    {"method": "elo", "elo_orders": 5, "elo_k": 8.0},
    {"side_effect": True, "anchor": "m01"},
    {"method": "rao-kupper", "side_effect": True, "interval": "bootstrap"},
    {"method": "davidson", "side_effect": True, "regularisation": 2.0},
    {"ties": "drop", "regularisation": 0.5, "interval": "bootstrap"},
]


def rankings():
    return [rank(votes_of(ROWS, voter=VOTERS), Options(rounds=50, seed=7, **how)).as_dict() for how in VARIANTS]


def test_golden_file():
    """Written by `python -m tests.ranking.estimators.test_reproducible`; when it changes, raise `ALGORITHM`."""
    assert rankings() == json.loads(GOLDEN.read_text())


@pytest.mark.processes
def test_another_process_prints_the_same():
    code = "import json, tests.ranking.estimators.test_reproducible as t; print(json.dumps(t.rankings()))"
    root = Path(__file__).parents[3]
    environment = {"PYTHONHASHSEED": "3", "OPENBLAS_NUM_THREADS": "2", "PATH": "/usr/bin"}
    printed = subprocess.run(
        [sys.executable, "-c", code], cwd=root, env=environment, capture_output=True, text=True, check=True
    ).stdout
    assert json.loads(printed) == rankings()


@pytest.mark.parametrize("entries", [1, 1000])
def test_chunks_of_elo_are_no_matter(entries, monkeypatch):
    usual = ranked(ROWS, method="elo", interval="bootstrap", rounds=20)
    monkeypatch.setattr("ranking.estimators.elo.CHUNK_ENTRIES", entries)
    assert ranked(ROWS, method="elo", interval="bootstrap", rounds=20) == usual


@pytest.mark.parametrize("cluster", ["voter", "none"])
def test_threads_are_no_matter(cluster, monkeypatch):
    monkeypatch.setattr("ranking.estimators.bootstrap.MOST_IN_GROUP", 3)
    monkeypatch.setattr("ranking.estimators.threads._cores", lambda: 4)
    threaded = ranked(ROWS, voter=VOTERS, interval="bootstrap", cluster=cluster, rounds=40)
    with at_most(1):
        assert ranked(ROWS, voter=VOTERS, interval="bootstrap", cluster=cluster, rounds=40) == threaded


def test_seed_is_what_resamples_depend_on():
    one, other = (ranked(ROWS, interval="bootstrap", seed=seed).ratings for seed in (1, 2))
    assert one != other
    assert ranked(ROWS, seed=1, interval="sandwich").ratings == ranked(ROWS, seed=2, interval="sandwich").ratings


def test_software_names_what_the_digits_depend_on():
    assert software().split()[::2] == ["lehia-ranking", "choix", "numpy", "scipy"]


if __name__ == "__main__":
    GOLDEN.write_text(json.dumps(rankings(), indent=1) + "\n")
