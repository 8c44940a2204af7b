"""Agreement with evalica (an independent library): to 0.01 Elo wherever definitions agree."""

import evalica
import numpy as np
import pytest

from ranking.estimators import Options, rank
from ranking.estimators.scale import ELO_PER_LOG_ODDS
from tests.ranking.estimators.samples import draw_rows, ranked, rating_of, votes_of

ROWS = draw_rows([0.0, 0.3, 0.6, 1.0, 1.8], 800)
WINNERS = {"a": evalica.Winner.X, "b": evalica.Winner.Y, "tie": evalica.Winner.Draw}
EXACT = {"tolerance": 1e-12, "limit": 100_000}


def _columns(rows):
    a, b, outcome = zip(*rows, strict=True)
    return list(a), list(b), [WINNERS[name] for name in outcome]


def _elo_scale(scores):
    logs = np.log(scores)
    return (1000 + ELO_PER_LOG_ODDS * (logs - logs.mean())).to_dict()


def test_bradley_terry():
    theirs = _elo_scale(evalica.bradley_terry(*_columns(ROWS), **EXACT).scores)
    assert rating_of(ranked(ROWS, interval="none")) == pytest.approx(theirs, abs=0.01)


def test_bradley_terry_with_weights():
    weights = np.random.default_rng(4).uniform(0.2, 3, len(ROWS)).tolist()
    theirs = _elo_scale(evalica.bradley_terry(*_columns(ROWS), weights=weights, **EXACT).scores)
    ours = rank(votes_of(ROWS, weight=weights), Options(interval="none"))
    assert rating_of(ours) == pytest.approx(theirs, abs=0.01)


def test_bradley_terry_without_ties():
    won = [row for row in ROWS if row[2] != "tie"]
    theirs = _elo_scale(evalica.bradley_terry(*_columns(won), **EXACT).scores)
    assert rating_of(ranked(ROWS, ties="drop", interval="none")) == pytest.approx(theirs, abs=0.01)


def test_newman_is_davidson():
    theirs = _elo_scale(evalica.newman(*_columns(ROWS), **EXACT).scores)
    assert rating_of(ranked(ROWS, method="davidson", interval="none")) == pytest.approx(theirs, abs=0.01)


@pytest.mark.parametrize("k", [4.0, 16.0])
def test_elo(k):
    theirs = evalica.elo(*_columns(ROWS), k=k).scores.to_dict()
    assert rating_of(ranked(ROWS, method="elo", elo_k=k, interval="none")) == pytest.approx(theirs, abs=0.01)
