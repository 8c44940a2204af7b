"""The database is the referee: every named constraint of arena and inference is violated once, by its name."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, transaction
from django.db.models import BaseConstraint, F, Model, UniqueConstraint
from django.utils import timezone

from tests import factories as make

pytestmark = pytest.mark.django_db

Violation = Callable[[], object]


def _set(row: Model, **values: Any) -> object:
    """Past `save` and `full_clean`, so that nothing but the database can object."""
    return type(row)._default_manager.filter(pk=row.pk).update(**values)


def _again(factory: Any, *same: str, **fixed: Any) -> Violation:
    """Two rows that are the same in the fields `same`, and that have `fixed`."""

    def violate() -> None:
        first = factory(**fixed)
        factory(**{name: getattr(first, name) for name in same}, **fixed)

    return violate


def _on(factory: Any, traits: dict[str, Any] | None = None, **values: Any) -> Violation:
    """An ordinary row, then these values in it."""
    return lambda: _set(factory(**(traits or {})), **values)


def _now() -> Any:
    return timezone.now()


VIOLATIONS: dict[str, Violation] = {
    # People.
    "user_email_unique": lambda: [make.UserFactory(email=email) for email in ("ane@example.eus", "Ane@Example.EUS")],
    "participant_person_has_joined": _on(make.ParticipantFactory, confirmed_age=False),
    "participant_kind_valid": _on(make.ParticipantFactory, kind="robot"),
    "participant_blocked_iff_reason": _on(make.ParticipantFactory, block_reason="Without a date."),
    "participant_erased_has_no_account": _on(make.ParticipantFactory, {"with_account": True}, erased_at=_now()),
    "participant_external_name_unique": _again(make.ParticipantFactory, imported=True, external_name="user_7"),
    "consent_once_per_version": _again(make.ConsentFactory, "participant", "campaign", "version"),
    # Campaigns.
    "campaign_ends_after_start": _on(make.CampaignFactory, ends_at=_now() - timedelta(days=400)),
    "campaign_status_valid": _on(make.CampaignFactory, status="archived"),
    "campaign_category_source_valid": _on(make.CampaignFactory, category_source="dice"),
    "campaign_limits_positive": _on(make.CampaignFactory, votes_per_ticket=0),
    "campaign_text_once_per_language": _again(make.CampaignTextFactory, "campaign", "language"),
    "consent_text_once_per_language": _again(make.ConsentTextFactory, "campaign", "version", "language"),
    # Competitors and matchups.
    "competitor_name_once_per_campaign": _again(make.CompetitorFactory, "campaign", "name"),
    "competitor_sampling_valid": _on(make.CompetitorFactory, temperature=2.5),
    "matchup_name_once_per_campaign": _again(make.MatchupFactory, "campaign", "name"),
    "matchup_state_valid": _on(make.MatchupFactory, {"running": True}, state="resting"),
    "matchup_finished_iff_finished_at": _on(make.MatchupFactory, {"running": True}, finished_at=_now()),
    "matchup_started_once_out_of_draft": _on(make.MatchupFactory, state="running"),
    "matchup_target_positive": _on(make.MatchupFactory, target_votes=0),
    "matchup_entry_once": _again(make.MatchupEntryFactory, "matchup", "competitor"),
    "matchup_entry_weight_positive": _on(make.MatchupEntryFactory, weight=0),
    # Battles.
    "battle_competitors_differ": lambda: _set(battle := make.BattleFactory(), competitor_b=battle.competitor_a),
    "battle_closed_iff_closed_at": _on(make.BattleFactory, closed_at=_now()),
    "battle_status_valid": _on(make.BattleFactory, {"skipped": True}, status="abandoned"),
    "battle_draw_probability_valid": _on(make.BattleFactory, draw_probability=1.5),
    "one_open_battle_per_participant": _again(make.BattleFactory, "matchup", "participant"),
    "battle_imported_once": _again(make.BattleFactory, "matchup", external_id="1234"),
    "turn_index_once_per_battle": _again(make.TurnFactory, "battle", "index"),
    "turn_index_from_one": _on(make.TurnFactory, index=0),
    "turn_prompt_not_empty": _on(make.TurnFactory, prompt=""),
    "turn_language_has_source": _on(make.TurnFactory, language="eu"),
    "turn_category_has_source": _on(make.TurnFactory, category="code"),
    "one_answer_per_side": _again(make.AnswerFactory, "turn", "side"),
    "answer_side_valid": _on(make.AnswerFactory, side="c"),
    "answer_status_valid": _on(make.AnswerFactory, status="lost"),
    "answer_ended_iff_ended_at": _on(make.AnswerFactory, ended_at=None),
    "answer_complete_has_text": _on(make.AnswerFactory, text=""),
    "answer_self_identified_has_text": _on(make.AnswerFactory, {"failed": True}, self_identified=True),
    "answer_language_has_source": _on(make.AnswerFactory, language="eu"),
    "answer_failed_iff_kind": _on(make.AnswerFactory, failure_kind="connect"),
    # Ballots and reports.
    "ballot_winner_valid": _on(make.BallotFactory, {"collected": True}, winner="c"),
    "ballot_winner_only_collected": _on(make.BallotFactory, winner="a"),
    "ballot_quarantined_is_not_collected": _on(make.BallotFactory, {"collected": True}, quarantined_at=_now()),
    "one_judgement_per_dimension": _again(make.JudgementFactory, "ballot", "dimension"),
    "ballot_choice_valid": _on(make.JudgementFactory, choice="c"),
    "report_kind_valid": _on(make.ReportFactory, kind="boring"),
    "report_resolved_iff_resolution": _on(make.ReportFactory, resolution="upheld"),
    "report_once_per_kind": _again(make.ReportFactory, "battle", "kind"),
    # Tallies.
    "day_tally_once": _again(make.DayTallyFactory, "matchup", "day"),
    "tally_once_per_pair": _again(make.PairTallyFactory, "matchup", "dimension", "first", "second"),
    "tally_pair_in_order": lambda: _set(tally := make.PairTallyFactory(), first=tally.second, second=tally.first),
    "contribution_once_per_campaign": _again(make.ContributionFactory, "campaign", "participant"),
    # Served models.
    "servedmodel_base_url_is_http": _on(make.ServedModelFactory, base_url="ftp://127.0.0.1/v1"),
    "servedmodel_model_name_given": _on(make.ServedModelFactory, model_name=""),
    "servedmodel_api_key_env_is_variable": _on(make.ServedModelFactory, api_key_env="sk-123456"),
    "servedmodel_system_prompt_mode_valid": _on(make.ServedModelFactory, system_prompt_mode="footnote"),
    "servedmodel_timeouts_positive": _on(make.ServedModelFactory, silence_timeout=0),
    "servedmodel_connects_within_first_token": _on(make.ServedModelFactory, connect_timeout=61),
    "servedmodel_max_concurrent_answers_positive": _on(make.ServedModelFactory, max_concurrent_answers=0),
    "servedmodel_health_valid": _on(make.ServedModelFactory, {"failing": True}, health="ill"),
    "servedmodel_ready_iff_ready_since": _on(make.ServedModelFactory, ready_since=None),
    "servedmodel_ask_seconds_valid": _on(make.ServedModelFactory, ask_seconds=1),
    "servedmodel_cache_use_is_share": _on(make.ServedModelFactory, cache_use=25.0),
    "servedmodel_breaker_state_valid": _on(make.ServedModelFactory, {"on_trial": True}, breaker_state="ajar"),
    "servedmodel_breaker_cause_known": _on(make.ServedModelFactory, {"out": True}, breaker_cause=""),
    "servedmodel_breaker_retry_only_while_open": _on(make.ServedModelFactory, breaker_retry_at=_now()),
    "servedmodel_breaker_trial_only_while_half_open": _on(
        make.ServedModelFactory, breaker_trial="battle", breaker_trial_until=_now()
    ),
    "servedmodelchange_changes": _on(make.ServedModelChangeFactory, before="open"),
    "servedmodelchange_kind_fits_states": _on(make.ServedModelChangeFactory, after="failing"),
    "servedmodelchange_cause_iff_breaker": _on(make.ServedModelChangeFactory, {"of_health": True}, cause="burst"),
    "place_once_per_holder": _again(make.PlaceFactory, "holder"),
    "place_holder_given": _on(make.PlaceFactory, holder=""),
}

#: Of two constraints that the same value breaks, a database may name either.
IMPLIED = {"answer_status_valid": {"answer_ended_iff_ended_at"}}


def _named_constraints() -> dict[str, tuple[type[Model], BaseConstraint]]:
    return {
        constraint.name: (model, constraint)
        for app in ("arena", "inference")
        for model in apps.get_app_config(app).get_models()
        for constraint in model._meta.constraints
    }


CONSTRAINTS = _named_constraints()


def _names_of(name: str) -> set[str]:
    """What the database may call the constraint: SQLite names the columns of a plain unique constraint instead."""
    model, constraint = CONSTRAINTS[name]
    names = {name, *IMPLIED.get(name, ())}
    if connection.vendor == "sqlite" and isinstance(constraint, UniqueConstraint):
        fields = constraint.fields or [part.name for part in constraint.expressions if isinstance(part, F)]
        columns = [model._meta.get_field(field).column for field in fields]
        names.add("UNIQUE constraint failed: " + ", ".join(f"{model._meta.db_table}.{c}" for c in columns))
    return names


def test_no_constraint_is_left_out() -> None:
    assert set(VIOLATIONS) == set(CONSTRAINTS)


@pytest.mark.parametrize("name", sorted(CONSTRAINTS))
def test_constraint_is_enforced_by_the_database(name: str) -> None:
    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        VIOLATIONS[name]()
    assert any(known in str(refused.value) for known in _names_of(name)), refused.value


@pytest.mark.parametrize("name", sorted(IMPLIED))
def test_constraint_that_another_implies_stands_in_the_schema(name: str) -> None:
    model, _constraint = CONSTRAINTS[name]
    with connection.cursor() as cursor:
        assert name in connection.introspection.get_constraints(cursor, model._meta.db_table)


@pytest.mark.parametrize(
    ("factory", "column"),
    [
        (make.BallotFactory, "battle"),
        (make.EloRatingFactory, "competitor"),
        (make.CampaignFactory, "slug"),
        (make.ServedModelFactory, "name"),
        (make.UserFactory, "username"),
    ],
    ids=["one ballot per battle", "one rating per competitor", "campaign", "served model", "user name"],
)
def test_there_is_only_one(factory: Any, column: str) -> None:
    first = factory()
    with pytest.raises(IntegrityError, match=f"(?i)unique(.|\\n)*{column}"), transaction.atomic():
        _set(factory(), **{column: getattr(first, column)})


def test_an_account_has_one_participant() -> None:
    user = make.UserFactory()
    make.ParticipantFactory(user=user)
    with pytest.raises(IntegrityError, match=r"(?i)unique(.|\n)*user_id"), transaction.atomic():
        make.ParticipantFactory(user=user)
