"""Joining, making an account, and leaving."""

import json
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, models
from django.db.models import Q
from django.test.utils import CaptureQueriesContext

from arena.actions.collection import collect_ballots, contribution_of, rebuild_where_needed
from arena.actions.joining import AboutYou, accept_consent, claim_participant, erase_account, has_joined, join, own_data
from arena.actions.people import block_participant
from arena.enums import BattleStatus, RevealPolicy
from arena.models import Ballot, Battle, Campaign, Consent, Contribution, Participant, Report, User
from tests.factories import (
    BallotFactory,
    BattleFactory,
    ConsentFactory,
    ConsentTextFactory,
    ContributionFactory,
    ParticipantFactory,
    ReportFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db

ABOUT = AboutYou(language_level="b1_b2", education="vocational")


def test_joining_makes_a_person_who_has_accepted_the_current_text(campaign: Campaign) -> None:
    ConsentTextFactory(campaign=campaign, version=2)
    participant = join(campaign=Campaign.objects.get(), about=ABOUT)
    assert (participant.kind, participant.user, participant.confirmed_age) == ("person", None, True)
    assert (participant.language_level, participant.education) == ("b1_b2", "vocational")
    assert participant.consents.get().version == 2


def test_accepting_twice_is_harmless(campaign: Campaign) -> None:
    participant = ParticipantFactory()
    assert accept_consent(participant=participant, campaign=campaign) == accept_consent(
        participant=participant, campaign=campaign
    )


def test_a_new_version_is_accepted_anew_and_the_old_acceptance_is_kept(campaign: Campaign) -> None:
    participant = join(campaign=campaign, about=ABOUT)
    ConsentTextFactory(campaign=campaign, version=2)
    changed = Campaign.objects.get()
    assert not has_joined(participant=participant, campaign=changed)
    accept_consent(participant=participant, campaign=changed)
    assert has_joined(participant=participant, campaign=changed)
    assert sorted(participant.consents.values_list("version", flat=True)) == [1, 2]


def test_consent_is_of_one_campaign(campaign: Campaign, volunteer: Participant) -> None:
    assert has_joined(participant=volunteer, campaign=campaign)
    assert not has_joined(participant=volunteer, campaign=ConsentTextFactory().campaign)
    assert not has_joined(participant=None, campaign=campaign)


# An anonymous volunteer makes an account, or logs in to one.


def test_an_account_without_a_participant_takes_the_anonymous_one_over(volunteer: Participant) -> None:
    user = UserFactory()
    battle = BattleFactory(participant=volunteer)
    assert claim_participant(participant=volunteer, user=user) == volunteer
    volunteer.refresh_from_db()
    battle.refresh_from_db()
    assert (volunteer.user, battle.participant, battle.status) == (user, volunteer, BattleStatus.OPEN)


def test_an_account_with_a_participant_gets_everything_of_the_anonymous_one(volunteer: Participant) -> None:
    own = ParticipantFactory(with_account=True)
    ballot = BallotFactory(battle__participant=volunteer)
    report = ReportFactory(battle__participant=volunteer)
    assert claim_participant(participant=volunteer, user=own.user) == own
    assert not Participant.objects.filter(pk=volunteer.pk).exists()
    assert Battle.objects.get(ballot=ballot).participant == own
    assert Report.objects.get(pk=report.pk).participant == own
    assert Consent.objects.get().participant == own


def test_consents_that_both_have_given_are_merged(campaign: Campaign, volunteer: Participant) -> None:
    own = ParticipantFactory(with_account=True)
    ConsentFactory(participant=own, campaign=campaign)
    ConsentFactory(participant=volunteer, campaign=campaign, version=2)
    claim_participant(participant=volunteer, user=own.user)
    assert sorted(Consent.objects.values_list("participant", "version")) == [(own.pk, 1), (own.pk, 2)]


def test_of_two_open_battles_the_one_in_front_of_the_volunteer_goes_on(volunteer: Participant) -> None:
    own = ParticipantFactory(with_account=True)
    older = BattleFactory(participant=own, answered=True)
    elsewhere = BattleFactory(participant=own)
    newer = BattleFactory(participant=volunteer, matchup=older.matchup)
    claim_participant(participant=volunteer, user=own.user)
    status = dict(Battle.objects.of(own).values_list("pk", "status"))
    assert status == {older.pk: "skipped", elsewhere.pk: "open", newer.pk: "open"}


def test_contributions_are_added_up_and_tickets_counted_anew(campaign: Campaign, volunteer: Participant) -> None:
    own = ParticipantFactory(with_account=True)
    ContributionFactory(campaign=campaign, participant=own, votes=7, tickets=0)
    ContributionFactory(campaign=campaign, participant=volunteer, votes=15, tickets=1)
    elsewhere = ContributionFactory(participant=volunteer, votes=9, tickets=0)
    claim_participant(participant=volunteer, user=own.user)
    assert sorted(Contribution.objects.values_list("participant", "campaign", "votes", "tickets")) == sorted(
        [(own.pk, campaign.pk, 22, 2), (own.pk, elsewhere.campaign_id, 9, 0)]
    )


def test_votes_that_were_not_collected_yet_are_counted_for_the_account(
    campaign: Campaign, volunteer: Participant
) -> None:
    own = ParticipantFactory(with_account=True)
    BallotFactory(battle__participant=volunteer, battle__matchup__campaign=campaign)
    claim_participant(participant=volunteer, user=own.user)
    collect_ballots()
    assert contribution_of(campaign=campaign, participant=own).votes == 1


def test_a_block_follows_the_volunteer_into_the_account() -> None:
    own, anonymous = ParticipantFactory(with_account=True), ParticipantFactory(blocked=True)
    claim_participant(participant=anonymous, user=own.user)
    own.refresh_from_db()
    assert own.is_blocked and own.block_reason == anonymous.block_reason


def test_a_second_log_in_of_the_same_session_finds_nothing_to_take_over(volunteer: Participant) -> None:
    """Both read the session before either was done."""
    own = ParticipantFactory(with_account=True)
    read_before = Participant.objects.get(pk=volunteer.pk)
    claim_participant(participant=volunteer, user=own.user)
    assert claim_participant(participant=read_before, user=own.user) == own


def test_another_account_does_not_get_a_participant_that_was_taken_over(volunteer: Participant) -> None:
    first, second = UserFactory(), UserFactory()
    read_before = Participant.objects.get(pk=volunteer.pk)
    claim_participant(participant=volunteer, user=first)
    assert claim_participant(participant=read_before, user=second) is None
    volunteer.refresh_from_db()
    assert volunteer.user == first


# Leaving.


def rows_with(text: str) -> list[str]:
    """Every table and column of the database in which `text` stands, sessions too, as their decoded contents."""
    found = []
    for model in apps.get_models():
        texts = [
            f.name
            for f in model._meta.concrete_fields
            if isinstance(f, models.CharField | models.TextField | models.JSONField)
        ]
        for name in texts:
            if model._default_manager.filter(Q(**{f"{name}__icontains": text})).exists():
                found.append(f"{model._meta.label}.{name}")
    return found


@pytest.fixture
def person(campaign: Campaign) -> Participant:
    """Somebody with an account, votes, a report, and a place in the history of the admin site."""
    user = UserFactory(username="maialen_etxeberria", first_name="Maialen", email="maialen@etxe.eus")
    EmailAddress.objects.create(user=user, email=user.email, primary=True, verified=True)
    participant = ParticipantFactory(user=user)
    ConsentFactory(participant=participant, campaign=campaign)
    BallotFactory(battle__participant=participant, battle__matchup__campaign=campaign)
    BattleFactory(participant=participant, matchup__campaign=campaign, answered=True)
    ReportFactory(battle__participant=participant)
    block_participant(participant_id=participant.pk, reason="Okerra.", by=UserFactory(admin=True))
    participant.refresh_from_db()
    return participant


def test_erasing_removes_the_person_from_every_table(person: Participant) -> None:
    assert "arena.User.username" in rows_with("maialen")
    assert "admin.LogEntry.object_repr" in rows_with("maialen"), "this test would see a name that stays"
    erase_account(participant=person)
    assert rows_with("maialen") == []
    assert not User.objects.filter(email__icontains="etxe").exists()


def test_erasing_keeps_battles_ballots_and_consents(person: Participant) -> None:
    before = (Battle.objects.count(), Ballot.objects.count(), Consent.objects.count(), Report.objects.count())
    erase_account(participant=person)
    assert before == (Battle.objects.count(), Ballot.objects.count(), Consent.objects.count(), Report.objects.count())
    person.refresh_from_db()
    assert person.user is None and person.erased_at is not None
    assert not Battle.objects.open().of(person).exists()


def test_the_history_still_says_whom_it_is_about(person: Participant) -> None:
    erase_account(participant=person)
    person.refresh_from_db()
    assert LogEntry.objects.get().object_repr == str(person)


def test_somebody_without_an_account_can_leave_too(volunteer: Participant) -> None:
    ballot = BallotFactory(battle__participant=volunteer)
    erase_account(participant=volunteer)
    volunteer.refresh_from_db()
    assert volunteer.erased_at is not None
    assert Ballot.objects.get().battle.participant == volunteer == ballot.battle.participant


# Own data.


def data_of(participant: Participant) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(json.dumps(own_data(participant=participant), cls=DjangoJSONEncoder))
    return loaded


def test_own_data_has_everything_that_is_kept(person: Participant) -> None:
    collect_ballots()
    data = data_of(person)
    assert data["account"]["username"] == "maialen_etxeberria" and data["account"]["email"] == "maialen@etxe.eus"
    assert data["participant"]["language_level"] == person.language_level
    assert [consent["version"] for consent in data["consents"]] == [1]
    assert {battle["status"] for battle in data["battles"]} == {"open", "voted"}
    voted = next(battle for battle in data["battles"] if battle["ballot"])
    assert voted["ballot"]["choices"] == {"content": "a", "language": "a"}
    assert voted["turns"][0].keys() == {"prompt", "a", "b"}
    assert data["reports"][0]["reason"] == "B aldea iraingarria da."


def test_own_data_tells_votes_and_tickets_and_reasons_of_skips(volunteer: Participant) -> None:
    BattleFactory(participant=volunteer, skipped=True)
    ContributionFactory(participant=volunteer, votes=12, tickets=1)
    data = data_of(volunteer)
    assert data["account"] is None
    assert data["battles"][0]["skip_reason"] == "Ez dakit nahikoa."
    assert (data["contributions"][0]["votes"], data["contributions"][0]["tickets"]) == (12, 1)


@pytest.mark.parametrize(
    ("policy", "over", "told"),
    [
        (RevealPolicy.AFTER_VOTE, False, True),
        (RevealPolicy.AFTER_CAMPAIGN, False, False),
        (RevealPolicy.AFTER_CAMPAIGN, True, True),
        (RevealPolicy.NEVER, True, False),
    ],
)
def test_own_data_names_no_model_that_was_not_revealed(policy: str, over: bool, told: bool) -> None:
    participant = ParticipantFactory()
    campaign = {"matchup__campaign__reveal_policy": policy, "matchup__campaign__ended": over}
    voted = BattleFactory(participant=participant, voted=True, **campaign)
    others = [BattleFactory(participant=participant, **{trait: True}) for trait in ("answered", "skipped", "redrawn")]
    text = json.dumps(data_of(participant))
    assert (voted.competitor_a.name in text) is told
    for battle in others:
        for competitor in (battle.competitor_a, battle.competitor_b):
            assert competitor.name not in text and competitor.served_model.name not in text


def test_own_data_of_many_battles_takes_no_more_queries(volunteer: Participant) -> None:
    counts = []
    for _ in range(2):
        for _ in range(3):
            BattleFactory(participant=volunteer, voted=True)
        with CaptureQueriesContext(connection) as captured:
            own_data(participant=Participant.objects.get(pk=volunteer.pk))
        counts.append(len(captured))
    assert counts[0] == counts[1]


def test_merging_with_a_blocked_participant_quarantines_all_votes() -> None:
    """Whoever of the two was blocked: their votes are one person's now."""
    account = ParticipantFactory(with_account=True, blocked=True)
    anonymous = ParticipantFactory()
    ballot = BattleFactory(participant=anonymous, voted=True).ballot
    collect_ballots()

    merged = claim_participant(participant=anonymous, user=account.user)

    ballot.refresh_from_db()
    assert merged is not None and merged.is_blocked
    assert ballot.quarantined_at is not None
    assert Campaign.objects.get(pk=ballot.battle.campaign_id).recount_needed
    assert rebuild_where_needed() == 1
    assert not Contribution.objects.filter(votes__gt=0).exists()
    assert not Campaign.objects.get(pk=ballot.battle.campaign_id).recount_needed
