"""Starting a battle, and ending it without a vote."""

import random
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from arena.actions.battles import pair_is_ready, redraw_battle, renew_draw_if_needed, skip_battle, start_battle
from arena.enums import BattleStatus
from arena.exceptions import (
    BattleClosed,
    Blocked,
    CampaignNotOpen,
    ConsentNeeded,
    NoPairReady,
    NothingToRedraw,
    NotJoined,
    Refusal,
    TooManyBattles,
)
from arena.matchmaking import POLICIES, Entry, Met
from arena.models import Battle, Campaign, Competitor, Matchup, Participant
from inference.models import ServedModel
from tests.factories import (
    BattleFactory,
    CompetitorFactory,
    ConsentTextFactory,
    MatchupEntryFactory,
    MatchupFactory,
    PairTallyFactory,
    ParticipantFactory,
    TurnFactory,
)

pytestmark = pytest.mark.django_db


def start(campaign: Campaign, participant: Participant | None, **values: Any) -> Battle:
    return start_battle(campaign=campaign, participant=participant, language="eu", **values)


def break_models(*competitors: Competitor) -> None:
    keys = [competitor.served_model_id for competitor in competitors]
    ServedModel.objects.filter(pk__in=keys).update(health="failing", ready_since=None)


def test_a_battle_records_its_draw(matchup: Matchup, volunteer: Participant) -> None:
    battle = start_battle(campaign=matchup.campaign, participant=volunteer, language="fr")
    battle.refresh_from_db()
    assert battle.is_open and battle.language == "fr"
    assert (battle.matchup, battle.pairing_policy) == (matchup, "uniform")
    # Three pairs, two orders of sides each.
    assert battle.draw_probability == pytest.approx(1 / 6)


@pytest.mark.parametrize("policy", ["coverage", "uncertainty"])
def test_an_adaptive_draw_goes_by_the_tallies_and_says_its_probability(
    policy: str, matchup: Matchup, volunteer: Participant, django_assert_max_num_queries: Any
) -> None:
    Matchup.objects.filter(pk=matchup.pk).update(pairing_policy=policy)
    a, b, c = sorted(matchup.competitors.values_list("pk", flat=True))
    for first, second in ((a, b), (a, c)):
        PairTallyFactory(matchup=matchup, first_id=first, second_id=second, first_wins=20, second_wins=20)
    PairTallyFactory(matchup=matchup, dimension="content", first_id=b, second_id=c, ties=500)
    met = (Met(a, b, 20, 20, 0), Met(a, c, 20, 20, 0))
    with django_assert_max_num_queries(30):
        battle = start(matchup.campaign, volunteer, rng=random.Random(1))
    entries = [Entry(key) for key in matchup.entries.order_by("pk").values_list("competitor", flat=True)]
    keys = [entry.key for entry in entries]
    pair = sorted((keys.index(battle.competitor_a_id), keys.index(battle.competitor_b_id)))
    assert battle.pairing_policy == policy
    assert battle.draw_probability == pytest.approx(POLICIES[policy](entries, met)[pair[0], pair[1]] / 2)
    unmet = sorted((keys.index(b), keys.index(c)))
    assert max(POLICIES[policy](entries, met).items(), key=lambda item: item[1])[0] == tuple(unmet)


def test_starting_again_finds_the_open_battle(matchup: Matchup, volunteer: Participant) -> None:
    first = start(matchup.campaign, volunteer)
    assert start(matchup.campaign, volunteer) == first
    assert Battle.objects.count() == 1


def test_an_open_battle_is_found_also_when_the_pace_is_too_fast(matchup: Matchup, volunteer: Participant) -> None:
    Campaign.objects.update(max_battles_per_hour=1)
    matchup.campaign.refresh_from_db()
    first = start(matchup.campaign, volunteer)
    assert start(matchup.campaign, volunteer) == first


def test_an_open_battle_of_another_campaign_is_another(matchup: Matchup, volunteer: Participant) -> None:
    BattleFactory(participant=volunteer)
    assert start(matchup.campaign, volunteer).campaign == matchup.campaign


def test_pairs_and_sides_vary(matchup: Matchup, volunteer: Participant) -> None:
    rng, drawn = random.Random(6), set()
    for _ in range(8):
        battle = start(matchup.campaign, volunteer, rng=rng)
        drawn.add((battle.competitor_a_id, battle.competitor_b_id))
        skip_battle(battle=battle, participant=volunteer)
    assert len(drawn) == 6


def test_unhealthy_inactive_and_imported_competitors_are_not_drawn(matchup: Matchup, volunteer: Participant) -> None:
    for trait in ("unhealthy", "inactive", "imported"):
        CompetitorFactory(campaign=matchup.campaign, **{trait: True})
    for competitor in Competitor.objects.all():
        matchup.entries.get_or_create(competitor=competitor)
    battle = start(matchup.campaign, volunteer)
    assert battle.draw_probability == pytest.approx(1 / 6)


@pytest.mark.parametrize("state", ["paused", "finished"])
def test_only_running_matchups_are_drawn_from(state: str, campaign: Campaign, volunteer: Participant) -> None:
    MatchupFactory(campaign=campaign, competitors=2, **{state: True})
    assert not pair_is_ready(campaign)
    with pytest.raises(NoPairReady):
        start(campaign, volunteer)


def test_matchups_of_other_campaigns_are_not_drawn_from(campaign: Campaign, volunteer: Participant) -> None:
    MatchupFactory(running=True, competitors=2)
    with pytest.raises(NoPairReady):
        start(campaign, volunteer)


def test_the_draw_of_a_battle_without_a_prompt_is_renewed_when_a_model_fails(
    matchup: Matchup, volunteer: Participant
) -> None:
    battle = start(matchup.campaign, volunteer)
    break_models(battle.competitor_a)
    again = start(matchup.campaign, volunteer)
    again.refresh_from_db()
    assert again == battle
    assert battle.competitor_a_id not in (again.competitor_a_id, again.competitor_b_id)
    assert again.draw_probability == pytest.approx(1 / 2)


def test_a_renewed_draw_records_the_policy_of_its_matchup(volunteer: Participant, matchup: Matchup) -> None:
    battle = start(matchup.campaign, volunteer)
    Matchup.objects.filter(pk=matchup.pk).update(state="paused")
    break_models(battle.competitor_b)
    other = MatchupFactory(campaign=matchup.campaign, running=True, weighted=True, competitors=2)
    renew_draw_if_needed(battle=battle)
    battle.refresh_from_db()
    assert (battle.matchup, battle.pairing_policy) == (other, "weighted")


def test_the_draw_of_a_battle_with_a_prompt_stays(matchup: Matchup, volunteer: Participant) -> None:
    battle = start(matchup.campaign, volunteer)
    TurnFactory(battle=battle, answered=True)
    break_models(battle.competitor_a, battle.competitor_b)
    again = start(matchup.campaign, volunteer)
    assert (again.competitor_a_id, again.competitor_b_id) == (battle.competitor_a_id, battle.competitor_b_id)


def test_the_pace_is_limited_by_the_hour_and_the_campaign(matchup: Matchup, volunteer: Participant) -> None:
    Campaign.objects.update(max_battles_per_hour=2)
    campaign = Campaign.objects.get(pk=matchup.campaign_id)
    old = timezone.now() - timedelta(minutes=61)
    BattleFactory(matchup=matchup, participant=volunteer, skipped=True, created_at=old)
    BattleFactory(participant=volunteer, skipped=True)
    BattleFactory(matchup=matchup, skipped=True)
    BattleFactory(matchup=matchup, participant=volunteer, skipped=True)
    skip_battle(battle=start(campaign, volunteer), participant=volunteer)
    with pytest.raises(TooManyBattles):
        start(campaign, volunteer)


@pytest.mark.parametrize(
    ("campaign_values", "participant_values", "refusal"),
    [
        ({"status": "paused"}, {}, CampaignNotOpen),
        ({"status": "closed"}, {}, CampaignNotOpen),
        ({"status": "draft"}, {}, CampaignNotOpen),
        ({"starts_at": timezone.now() + timedelta(hours=1)}, {}, CampaignNotOpen),
        ({"ends_at": timezone.now() - timedelta(seconds=1)}, {}, CampaignNotOpen),
        ({}, {"blocked_at": timezone.now(), "block_reason": "A hutsak."}, Blocked),
    ],
)
def test_who_may_not_take_part_is_refused(
    matchup: Matchup,
    volunteer: Participant,
    campaign_values: dict[str, Any],
    participant_values: dict[str, Any],
    refusal: type[Refusal],
) -> None:
    Campaign.objects.filter(pk=matchup.campaign_id).update(**campaign_values)
    if participant_values:
        Participant.objects.update(**participant_values)
    with pytest.raises(refusal):
        start(Campaign.objects.get(pk=matchup.campaign_id), Participant.objects.get(pk=volunteer.pk))
    assert not Battle.objects.exists()


def test_who_has_not_joined_is_refused(matchup: Matchup) -> None:
    with pytest.raises(NotJoined):
        start(matchup.campaign, None)
    with pytest.raises(ConsentNeeded):
        start(matchup.campaign, ParticipantFactory())


def test_a_new_consent_text_has_to_be_accepted_first(matchup: Matchup, volunteer: Participant) -> None:
    ConsentTextFactory(campaign=matchup.campaign, version=2)
    with pytest.raises(ConsentNeeded):
        start(matchup.campaign, volunteer)


def test_a_participant_whom_an_account_has_just_taken_over_is_told_to_join(
    matchup: Matchup, volunteer: Participant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The log-in came between the check and the lock."""
    monkeypatch.setattr("arena.actions.battles.has_joined", lambda **_values: bool(volunteer.delete()))
    with pytest.raises(NotJoined):
        start(matchup.campaign, Participant.objects.get(pk=volunteer.pk))


def test_a_battle_is_skipped_once() -> None:
    battle = BattleFactory(answered=True)
    skipped = skip_battle(battle=battle, participant=battle.participant, reason="  Biak\x00 txarrak.  ")
    assert (skipped.status, skipped.skip_reason) == (BattleStatus.SKIPPED, "Biak txarrak.")
    again = skip_battle(battle=battle, participant=battle.participant, reason="Beste bat.")
    assert (again.skip_reason, again.closed_at) == ("Biak txarrak.", skipped.closed_at)


def test_a_long_reason_is_cut() -> None:
    battle = BattleFactory()
    assert len(skip_battle(battle=battle, participant=battle.participant, reason="é" * 500).skip_reason) == 300


@pytest.mark.parametrize("trait", ["voted", "redrawn"])
def test_a_battle_that_ended_otherwise_is_not_skipped(trait: str) -> None:
    battle = BattleFactory(**{trait: True})
    with pytest.raises(BattleClosed):
        skip_battle(battle=battle, participant=battle.participant)


def test_somebody_elses_battle_is_not_found() -> None:
    battle, other = BattleFactory(b_failed=True), ParticipantFactory()
    with pytest.raises(Battle.DoesNotExist):
        skip_battle(battle=battle, participant=other)


@pytest.fixture
def half_failed(matchup: Matchup, volunteer: Participant) -> Battle:
    """A battle in which side B failed."""
    battle = start(matchup.campaign, volunteer)
    TurnFactory(battle=battle, b_failed=True)
    return battle


def redraw(battle: Battle) -> Battle:
    return redraw_battle(battle=battle, participant=battle.participant, language="eu")


def test_a_battle_with_a_failed_side_is_redrawn_without_blame(half_failed: Battle) -> None:
    successor = redraw(half_failed)
    half_failed.refresh_from_db()
    assert (half_failed.status, successor.redrawn_from) == (BattleStatus.REDRAWN, half_failed)
    failed = half_failed.competitor_b_id
    assert failed not in (successor.competitor_a_id, successor.competitor_b_id), (
        "the one that failed is not drawn again"
    )
    assert successor.is_open and successor.draw_probability == pytest.approx(1 / 2)
    assert half_failed.turns.exists(), "the prompt is kept"


def test_the_one_that_failed_is_drawn_again_where_nobody_else_can_answer(half_failed: Battle) -> None:
    third = set(half_failed.matchup.competitors.all()) - {half_failed.competitor_a, half_failed.competitor_b}
    Competitor.objects.filter(pk__in=[row.pk for row in third]).update(is_active=False)
    successor = redraw(half_failed)
    assert half_failed.competitor_b_id in (successor.competitor_a_id, successor.competitor_b_id)
    assert successor.draw_probability == pytest.approx(1 / 2)


def test_redrawing_twice_gives_the_same_battle(half_failed: Battle) -> None:
    assert redraw(half_failed) == redraw(half_failed)
    assert Battle.objects.count() == 2


def test_a_battle_is_not_redrawn_without_a_failure(matchup: Matchup, volunteer: Participant) -> None:
    battle = start(matchup.campaign, volunteer)
    TurnFactory(battle=battle, answered=True)
    with pytest.raises(NothingToRedraw):
        redraw(battle)


def test_a_battle_that_ended_is_not_redrawn(half_failed: Battle) -> None:
    skip_battle(battle=half_failed, participant=half_failed.participant)
    with pytest.raises(BattleClosed):
        redraw(half_failed)


def test_without_two_models_the_battle_stays_as_it_was(half_failed: Battle) -> None:
    ServedModel.objects.update(health="failing", ready_since=None)
    with pytest.raises(NoPairReady):
        redraw(half_failed)
    half_failed.refresh_from_db()
    assert half_failed.is_open


def test_a_paused_campaign_redraws_nothing(half_failed: Battle) -> None:
    Campaign.objects.update(status="paused")
    with pytest.raises(CampaignNotOpen):
        redraw(Battle.objects.select_related("campaign").get(pk=half_failed.pk))


def test_a_pair_is_ready_with_two_healthy_competitors(campaign: Campaign) -> None:
    matchup = MatchupFactory(campaign=campaign, running=True, competitors=1)
    assert not pair_is_ready(campaign)
    MatchupEntryFactory(matchup=matchup)
    assert pair_is_ready(campaign)
