"""The draw: what it says of its own probability is true (invariant 3)."""

import math
import random
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arena.matchmaking import (
    ADAPTIVE,
    FLOOR,
    POLICIES,
    Candidate,
    Draw,
    Entry,
    Met,
    coverage,
    draw,
    expected_shares,
    uncertainty,
    uniform,
    weighted,
)

DRAWS = 4000


def _candidate(key: int, policy: str, weights: tuple[float, ...]) -> Candidate:
    return Candidate(key, policy, tuple(Entry(10 * key + i, weight) for i, weight in enumerate(weights)))


MET = (Met(10, 11, 6, 2, 1), Met(10, 12, 1, 3, 0), Met(12, 13, 0, 4, 0))
FIELDS = {
    "one matchup": [_candidate(1, "uniform", (1, 1, 1, 1))],
    "one pair": [_candidate(1, "uniform", (1, 1))],
    "several matchups": [_candidate(1, "uniform", (1, 1)), _candidate(2, "uniform", (1, 1, 1))],
    "weighted": [_candidate(1, "weighted", (5, 1, 2))],
    "coverage": [replace(_candidate(1, "coverage", (1, 1, 1, 1)), met=MET)],
    "uncertainty": [replace(_candidate(1, "uncertainty", (1, 1, 1, 1)), met=MET)],
    "one that cannot": [
        _candidate(1, "uniform", (1,)),
        _candidate(2, "weighted", (1, 3, 1)),
        _candidate(3, "uniform", ()),
    ],
}
WEIGHTS = st.lists(st.floats(min_value=0, exclude_min=True, allow_infinity=False), min_size=2, max_size=7)


@pytest.mark.parametrize("field", FIELDS, ids=str)
def test_drawn_frequencies_match_the_recorded_probabilities(field: str) -> None:
    rng = random.Random(33)
    drawn = Counter(draw(FIELDS[field], rng) for _ in range(DRAWS))
    assert None not in drawn
    recorded = {one: one.probability for one in drawn if one is not None}
    # What was drawn is all that can be drawn, so these sum to 1.
    assert math.fsum(recorded.values()) == pytest.approx(1.0)
    for one, probability in recorded.items():
        # Five standard deviations: the seed is fixed, so this is no matter of luck.
        slack = 5 * math.sqrt(probability * (1 - probability) / DRAWS)
        assert drawn[one] / DRAWS == pytest.approx(probability, abs=slack)


@pytest.mark.parametrize("field", FIELDS, ids=str)
def test_sides_are_fair(field: str) -> None:
    rng = random.Random(1)
    drawn = [draw(FIELDS[field], rng) for _ in range(DRAWS)]
    lower_first = sum(one.a < one.b for one in drawn if one is not None)
    assert lower_first / DRAWS == pytest.approx(0.5, abs=5 * 0.5 / math.sqrt(DRAWS))


def test_both_sides_of_a_pair_are_equally_probable() -> None:
    rng = random.Random(2)
    probabilities: dict[frozenset[int], set[float]] = {}
    for _ in range(300):
        one = draw(FIELDS["weighted"], rng)
        assert one is not None
        probabilities.setdefault(frozenset((one.a, one.b)), set()).add(one.probability)
    assert {len(values) for values in probabilities.values()} == {1}


def test_weighted_pairs_are_as_likely_as_the_products_of_their_weights() -> None:
    assert weighted([Entry(1, 5), Entry(2, 1), Entry(3, 2)]) == pytest.approx(
        {(0, 1): 5 / 17, (0, 2): 10 / 17, (1, 2): 2 / 17}
    )


@pytest.mark.parametrize("policy", sorted(POLICIES))
@settings(max_examples=40)
@given(weights=WEIGHTS)
def test_probabilities_of_a_policy_sum_to_one(policy: str, weights: list[float]) -> None:
    entries = [Entry(key, weight) for key, weight in enumerate(weights)]
    probabilities = POLICIES[policy](entries)
    assert len(probabilities) == math.comb(len(weights), 2)
    assert all(0 <= value <= 1 for value in probabilities.values())
    assert math.fsum(probabilities.values()) == pytest.approx(1.0)


@settings(max_examples=40)
@given(weights=WEIGHTS, seed=st.integers(0, 99))
def test_equal_weights_draw_as_uniform_does(weights: list[float], seed: int) -> None:
    entries = [Entry(key, 2.5) for key, _weight in enumerate(weights)]
    assert weighted(entries) == pytest.approx(uniform(entries))


@settings(max_examples=40)
@given(weights=WEIGHTS, seed=st.integers(0, 99))
def test_a_draw_is_of_two_competitors_and_possible(weights: list[float], seed: int) -> None:
    candidate = _candidate(1, "weighted", tuple(weights))
    one = draw([candidate], random.Random(seed))
    assert one is not None
    assert one.a != one.b
    assert {one.a, one.b} <= {entry.key for entry in candidate.entries}
    assert 0 < one.probability <= 0.5 + 1e-12


def test_the_same_seed_draws_the_same() -> None:
    first, second = (draw(FIELDS["several matchups"], random.Random(7)) for _ in range(2))
    assert first == second
    assert isinstance(first, Draw)


@pytest.mark.parametrize("candidates", [[], [_candidate(1, "uniform", ())], [_candidate(1, "weighted", (1,))]])
def test_nothing_is_drawn_where_no_two_can_meet(candidates: list[Candidate]) -> None:
    assert draw(candidates, random.Random(0)) is None


def test_an_unknown_policy_is_a_fault() -> None:
    with pytest.raises(KeyError, match="lottery"):
        draw([replace(FIELDS["one pair"][0], policy="lottery")], random.Random(0))


@st.composite
def _histories(draws: st.DrawFn) -> tuple[list[Entry], list[Met]]:
    """Entries, and what some of them and of those that left have done."""
    n = draws(st.integers(2, 6))
    counts = st.integers(0, 400)
    pairs = [(i, j) for j in range(n + 2) for i in range(j)]
    chosen = draws(st.lists(st.sampled_from(pairs), unique=True))
    entries = [Entry(key) for key in draws(st.permutations(range(n)))]
    return entries, [Met(i, j, draws(counts), draws(counts), draws(counts)) for i, j in chosen]


@pytest.mark.parametrize("policy", sorted(ADAPTIVE))
@settings(max_examples=40)
@given(history=_histories())
def test_no_pair_is_ever_without_a_chance(policy: str, history: tuple[list[Entry], list[Met]]) -> None:
    entries, met = history
    probabilities = POLICIES[policy](entries, met)
    assert math.fsum(probabilities.values()) == pytest.approx(1.0)
    assert min(probabilities.values()) >= FLOOR / math.comb(len(entries), 2) * (1 - 1e-9)


@pytest.mark.parametrize("policy", sorted(ADAPTIVE))
def test_before_anybody_has_met_all_pairs_are_alike(policy: str) -> None:
    entries = [Entry(key) for key in range(5)]
    assert POLICIES[policy](entries, ()) == pytest.approx(uniform(entries))


def test_coverage_draws_the_pairs_with_the_fewest_votes() -> None:
    entries = [Entry(12), Entry(10), Entry(11)]
    # 10 and 11 met nine times, 10 and 12 four times, 11 and 12 never.
    probabilities = coverage(entries, MET)
    assert probabilities[0, 2] == pytest.approx(1 - FLOOR + FLOOR / 3)
    assert probabilities[0, 1] == probabilities[1, 2] == pytest.approx(FLOOR / 3)


def test_uncertainty_favours_a_newcomer() -> None:
    met = [Met(i, j, 50, 50, 0) for j in range(4) for i in range(j)]
    entries = [Entry(key) for key in range(5)]
    probabilities = uncertainty(entries, met)
    newcomers = {pair for pair in probabilities if 4 in pair}
    assert min(probabilities[pair] for pair in newcomers) > max(
        probability for pair, probability in probabilities.items() if pair not in newcomers
    )


def test_uncertainty_does_not_care_which_key_comes_first() -> None:
    entries = [Entry(10), Entry(11), Entry(12)]
    turned = [Met(each.second, each.first, each.second_wins, each.first_wins, each.ties) for each in MET]
    assert uncertainty(entries, MET) == pytest.approx(uncertainty(entries, turned))


def test_expected_shares() -> None:
    entries = [Entry(10, 3.0), Entry(11), Entry(12)]
    assert expected_shares("coverage", entries, MET) == pytest.approx(uniform(entries))
    assert expected_shares("weighted", entries, MET) == pytest.approx(weighted(entries))
    so_far = expected_shares("uncertainty", entries, MET)
    assert so_far == pytest.approx({(0, 1): 9 / 13, (0, 2): 4 / 13, (1, 2): 0})
    assert expected_shares("uncertainty", entries, MET, to_come=10**9) == pytest.approx(uncertainty(entries, MET))
    assert expected_shares("uncertainty", entries) == pytest.approx(uniform(entries))
