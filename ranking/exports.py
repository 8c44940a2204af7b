"""The votes of a campaign as rows of a file."""

from collections.abc import Iterator, Mapping
from typing import Any

from django.db.models import Prefetch

from arena.models import Answer, Ballot, Battle, Campaign, Turn
from arena.pseudonyms import pseudonym
from ranking.comparisons import outcome_of
from ranking.files.columns import WINNER_NAMES

ANSWER_FIELDS = (
    "status",
    "finish_reason",
    "prompt_tokens",
    "completion_tokens",
    "first_token_ms",
    "duration_ms",
    "queued_ms",
    "attempts",
    "run",
    "failure_kind",
    "model_name",
    "model_revision",
    "parameters",
    "reasoning",
    "self_identified",
    "language",
    "language_source",
)
"""What is said of each answer besides its text. Never the detail of a failure, which may name hosts."""


def battle_rows(campaign: Campaign) -> Iterator[Mapping[str, Any]]:
    """One row per counted vote, in the order in which votes were cast, with the columns of `ranking.files.columns`."""
    turns = Prefetch("battle__turns", Turn.objects.order_by("index").prefetch_related("answers"))
    ballots = (
        Ballot.objects.counted()
        .of_campaign(campaign)
        .order_by("created_at", "pk")
        .select_related("battle__participant", "battle__matchup", "battle__competitor_a", "battle__competitor_b")
        .prefetch_related("judgements", turns)
    )
    for ballot in ballots.iterator(chunk_size=500):
        yield _row(campaign, ballot, ballot.battle)


def _row(campaign: Campaign, ballot: Ballot, battle: Battle) -> dict[str, Any]:
    voter, choices = battle.participant, ballot.choices()
    turns = list(battle.turns.all())
    return {
        "id": battle.external_id or str(battle.uid),
        "username": pseudonym(voter),
        "user_language": voter.language_level or None,
        "user_education": voter.education or None,
        "timestamp": ballot.created_at.isoformat(),
        "model_a": battle.competitor_a.name,
        "model_b": battle.competitor_b.name,
        "conv_a": _conversation(turns, "a"),
        "conv_b": _conversation(turns, "b"),
        "winner": WINNER_NAMES.get(outcome_of(choices, "overall")),
        "winner_content": WINNER_NAMES.get(outcome_of(choices, "content")),
        "winner_language": WINNER_NAMES.get(outcome_of(choices, "language")),
        "campaign": campaign.slug,
        "matchup": battle.matchup.name,
        "voter_kind": voter.kind,
        "language": battle.language,
        "started": battle.created_at.isoformat(),
        "pairing_policy": battle.pairing_policy or None,
        "draw_probability": battle.draw_probability,
        "factors_a": battle.competitor_a.factors,
        "factors_b": battle.competitor_b.factors,
        "choices": choices,
        "reasons": ballot.reasons,
        "comment": ballot.comment or None,
        "self_identified_a": any(turn.answer("a").self_identified for turn in turns),
        "self_identified_b": any(turn.answer("b").self_identified for turn in turns),
        "n_turns": len(turns),
        "turns": [_turn(turn) for turn in turns],
        **_labels(turns),
    }


def _labels(turns: list[Turn]) -> dict[str, str | None]:
    """Those of the first prompt, which stands for the battle in slices; null where nobody has told."""
    first = turns[0] if turns else None
    return {
        "prompt_language": first.language or None if first else None,
        "prompt_language_source": first.language_source or None if first else None,
        "category": first.category or None if first else None,
        "category_source": first.category_source or None if first else None,
    }


def _conversation(turns: list[Turn], side: str) -> list[dict[str, str]]:
    """System prompt, then prompts and answers in turn. An answer that never said anything is left out."""
    messages: list[dict[str, str]] = []
    for turn in turns:
        answer = turn.answer(side)
        if not messages and answer.system_prompt:
            messages.append({"role": "system", "content": answer.system_prompt})
        messages.append({"role": "user", "content": turn.prompt})
        if answer.text:
            messages.append({"role": "assistant", "content": answer.text})
    return messages


def _turn(turn: Turn) -> dict[str, Any]:
    return {"created": turn.created_at.isoformat(), "a": _answer(turn.answer("a")), "b": _answer(turn.answer("b"))}


def _answer(answer: Answer) -> dict[str, Any]:
    return {name: getattr(answer, name) for name in ANSWER_FIELDS}
