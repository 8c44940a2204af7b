"""Simulated votes: to see pages and rankings filled, and to measure. They are marked as simulated for ever.

Competitors have hidden strengths θ (logits), drawn from the seed; a vote in each dimension is a tie with
probability 0.2, and otherwise A wins with probability 1 / (1 + exp(θ_b − θ_a)), as in the model of Bradley and Terry.
Voters differ in how often they vote.
"""

import itertools
import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from arena.actions.collection import collect_ballots
from arena.ballot_forms import BallotForm, Dimension, overall_winner, sides_disagree
from arena.enums import AnswerStatus, BattleStatus, Education, LanguageLevel, ParticipantKind
from arena.matchmaking import ADAPTIVE, Candidate, Entry, Met, draw
from arena.models import Answer, Ballot, Battle, Campaign, Judgement, Matchup, PairTally, Participant, Turn

TIE_PROBABILITY = 0.2
_VOTES_PER_VOTER = 8
_BATCH = 1000
#: A site counts votes in small batches, so that draws see them a little late.
_COUNTED_EVERY = 10
_PROMPT = "(simulated)"


class NothingToSimulate(Exception):
    """The campaign has no matchup with two competitors."""


@dataclass(frozen=True, slots=True)
class _Vote:
    battle: Battle
    choices: dict[str, str]


def simulate_votes(*, campaign: Campaign, votes: int, seed: int) -> dict[str, float]:
    """Writes `votes` simulated votes over the last day and collects them; returns the hidden strengths by name.

    The same seed on the same campaign gives the same votes. All or nothing. Raises NothingToSimulate.
    """
    rng = random.Random(seed)
    candidates = _candidates(campaign)
    if not candidates:
        raise NothingToSimulate
    names = dict(campaign.competitors.order_by("pk").values_list("pk", "name"))
    strengths = {key: rng.gauss(0.0, 0.7) for key in names}
    with transaction.atomic():
        voters = _make_voters(rng, count=max(1, math.ceil(votes / _VOTES_PER_VOTER)), seed=seed)
        drawn = _votes(campaign, candidates, strengths, voters, rng=rng, votes=votes)
        while batch := list(itertools.islice(drawn, _BATCH)):
            _write(batch)
    collect_ballots()
    return {names[key]: strength for key, strength in strengths.items()}


def _candidates(campaign: Campaign) -> list[Candidate]:
    """All matchups but drafts; whether their models are up does not matter here."""
    matchups = Matchup.objects.filter(campaign=campaign).exclude(state="draft").order_by("pk")
    met = PairTally.objects.met(matchup.pk for matchup in matchups if matchup.pairing_policy in ADAPTIVE)
    candidates = [
        Candidate(
            key=matchup.pk,
            policy=matchup.pairing_policy,
            entries=tuple(
                Entry(key=entry.competitor_id, weight=entry.weight) for entry in matchup.entries.order_by("pk")
            ),
            met=met.get(matchup.pk, ()),
        )
        for matchup in matchups
    ]
    return [candidate for candidate in candidates if len(candidate.entries) >= 2]


def _make_voters(rng: random.Random, *, count: int, seed: int) -> list[Participant]:
    return Participant.objects.bulk_create(
        [
            Participant(
                kind=ParticipantKind.SIMULATED,
                language_level=rng.choice(LanguageLevel.values),
                education=rng.choice(Education.values),
            )
            for _index in range(count)
        ],
        batch_size=_BATCH,
    )


def _votes(
    campaign: Campaign,
    candidates: Sequence[Candidate],
    strengths: dict[int, float],
    voters: Sequence[Participant],
    *,
    rng: random.Random,
    votes: int,
) -> Iterator[_Vote]:
    activity = [rng.paretovariate(1.5) for _voter in voters]
    policies = {candidate.key: candidate.policy for candidate in candidates}
    tallies = _Tallies({candidate.key: {each[:2]: each for each in candidate.met} for candidate in candidates})
    now = timezone.now()
    for index in range(votes):
        if index % _COUNTED_EVERY == 0:
            candidates = [tallies.brought_to(candidate) for candidate in candidates]
        drawn = draw(candidates, rng)
        assert drawn is not None
        cast_at = now - timedelta(days=1) * (1 - index / votes)
        battle = Battle(
            campaign=campaign,
            matchup_id=drawn.matchup,
            participant=rng.choices(voters, weights=activity)[0],
            competitor_a_id=drawn.a,
            competitor_b_id=drawn.b,
            draw_probability=drawn.probability,
            pairing_policy=policies[drawn.matchup],
            status=BattleStatus.VOTED,
            created_at=cast_at,
            closed_at=cast_at,
        )
        choices = _choices(campaign.form, strengths[drawn.a] - strengths[drawn.b], rng)
        tallies.add(drawn.matchup, drawn.a, drawn.b, overall_winner(choices))
        yield _Vote(battle, choices)


@dataclass(frozen=True, slots=True)
class _Tallies:
    """What the simulated votes have added: by matchup and pair."""

    met: dict[int, dict[tuple[int, ...], Met]]

    def add(self, matchup: int, a: int, b: int, winner: str) -> None:
        first, second = sorted((a, b))
        before = self.met[matchup].get((first, second), Met(first, second, 0, 0, 0))
        field = "ties" if winner == "tie" else "first_wins" if (winner == "a") == (a == first) else "second_wins"
        if winner:
            self.met[matchup][first, second] = before._replace(**{field: getattr(before, field) + 1})

    def brought_to(self, candidate: Candidate) -> Candidate:
        """The candidate with these tallies, where its policy looks at them."""
        if candidate.policy not in ADAPTIVE:
            return candidate
        return replace(candidate, met=tuple(sorted(self.met[candidate.key].values())))


def _choices(form: BallotForm, advantage: float, rng: random.Random) -> dict[str, str]:
    choices = {dimension.key: _choice(dimension, advantage, rng) for dimension in form.always}
    if form.tie_breaker is not None and sides_disagree(form, choices):
        choices[form.tie_breaker.key] = _choice(form.tie_breaker, advantage, rng)
    return choices


def _choice(dimension: Dimension, advantage: float, rng: random.Random) -> str:
    if "tie" in dimension.choices and rng.random() < TIE_PROBABILITY:
        return "tie"
    return "a" if rng.random() < 1.0 / (1.0 + math.exp(-advantage)) else "b"


def _write(votes: Sequence[_Vote]) -> None:
    battles = Battle.objects.bulk_create([vote.battle for vote in votes])
    turns = Turn.objects.bulk_create(
        [Turn(battle=battle, index=1, prompt=_PROMPT, created_at=battle.created_at) for battle in battles]
    )
    Answer.objects.bulk_create([_answer(turn, side, turn.created_at) for turn in turns for side in ("a", "b")])
    ballots = Ballot.objects.bulk_create([Ballot(battle=battle, created_at=battle.created_at) for battle in battles])
    Judgement.objects.bulk_create(
        [
            Judgement(ballot=ballot, dimension=dimension, choice=choice)
            for ballot, vote in zip(ballots, votes, strict=True)
            for dimension, choice in vote.choices.items()
        ]
    )


def _answer(turn: Turn, side: str, at: datetime) -> Answer:
    return Answer(
        turn=turn, side=side, status=AnswerStatus.COMPLETE, text=_PROMPT, created_at=at, heartbeat_at=at, ended_at=at
    )
