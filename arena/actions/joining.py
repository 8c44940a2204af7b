"""Joining, accepting, making an account, and leaving."""

from dataclasses import dataclass

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.utils import timezone

from arena.actions.collection import hold_collectors, quarantine_votes
from arena.enums import BattleStatus, ParticipantKind
from arena.models import Ballot, Battle, Campaign, Consent, Contribution, Participant, Report, User


@dataclass(frozen=True, slots=True)
class AboutYou:
    """What somebody says of themselves, already validated by the form."""

    language_level: str
    education: str


@transaction.atomic
def join(*, campaign: Campaign, about: AboutYou, user: User | None = None) -> Participant:
    """Makes a participant, 14 or older, who accepts the campaign's current consent text. Takes no lock."""
    participant = Participant.objects.create(
        user=user, language_level=about.language_level, education=about.education, confirmed_age=True
    )
    accept_consent(participant=participant, campaign=campaign)
    return participant


def accept_consent(*, participant: Participant, campaign: Campaign) -> Consent:
    """Stores that the participant accepts the current version. Harmless when done twice. Takes no lock."""
    consent, _created = Consent.objects.get_or_create(
        participant=participant, campaign=campaign, version=campaign.consent_version
    )
    return consent


def has_joined(*, participant: Participant | None, campaign: Campaign) -> bool:
    """Whether the participant has accepted the current version of the campaign's text."""
    return (
        bool(participant)
        and Consent.objects.filter(
            participant=participant, campaign=campaign, version=campaign.consent_version
        ).exists()
    )


@transaction.atomic
def claim_participant(*, participant: Participant, user: User) -> Participant | None:
    """Gives an anonymous participant's battles to an account; returns the account's participant.

    An account without a participant takes this one over; one that has its own gets the battles, reports and consents.
    Where another log-in of the same session came first, there is nothing to take over. Locks both participants, lower
    key first, then the anonymous one's battles, then the campaigns of the votes against collectors.
    """
    own = Participant.objects.filter(user=user).first()
    keys = [participant.pk] + ([own.pk] if own else [])
    # NO KEY, because a collector that holds a campaign may be adding a contribution, which refers to the participant.
    rows = Participant.objects.select_for_update(of=("self",), no_key=True).filter(pk__in=keys).order_by("pk")
    locked = {row.pk: row for row in rows}
    anonymous = locked.get(participant.pk)
    if anonymous is None or anonymous.user_id is not None:
        return Participant.objects.filter(user=user).first()
    if own is None:
        anonymous.user = user
        anonymous.save(update_fields=["user"])
        return anonymous
    _merge(source=anonymous, target=locked[own.pk])
    return locked[own.pk]


def _merge(*, source: Participant, target: Participant) -> None:
    # One open battle per person and campaign: the one in front of the volunteer goes on, older ones end here.
    busy = Battle.objects.open().of(source).values("campaign")
    Battle.objects.open().of(target).filter(campaign__in=busy).update(
        status=BattleStatus.SKIPPED, closed_at=timezone.now()
    )
    # First the battles, so that no vote comes in between, then the collectors, which may be counting earlier ones.
    Battle.objects.of(source).update(participant=target)
    Report.objects.filter(participant=source).update(participant=target)
    accepted = target.consents.values_list("campaign", "version")
    for consent in source.consents.all():
        if (consent.campaign_id, consent.version) not in set(accepted):
            consent.participant = target
            consent.save(update_fields=["participant"])
    hold_collectors(participant=target)
    _merge_contributions(source=source, target=target)
    if source.is_blocked or target.is_blocked:
        _merge_blocks(source=source, target=target)
    source.delete()


def _merge_blocks(*, source: Participant, target: Participant) -> None:
    """One of the two was blocked, so both are: the votes of the other one go into quarantine as well."""
    blocked = min((row for row in (source, target) if row.blocked_at), key=lambda row: str(row.blocked_at))
    target.blocked_at, target.block_reason = blocked.blocked_at, blocked.block_reason
    target.save(update_fields=["blocked_at", "block_reason"])
    quarantine_votes(participant=target)


def _merge_contributions(*, source: Participant, target: Participant) -> None:
    for contribution in source.contributions.select_related("campaign"):
        own, _created = Contribution.objects.get_or_create(campaign=contribution.campaign, participant=target)
        own.votes += contribution.votes
        own.tickets = own.votes // contribution.campaign.votes_per_ticket
        own.save(update_fields=["votes", "tickets"])


@transaction.atomic
def erase_account(*, participant: Participant) -> None:
    """Erases the person and keeps the votes (invariant 9). Locks the participant.

    The account with its name, password and e-mail addresses is deleted, and its name is taken out of the history of
    the admin site; battles, ballots and consents stay with a participant that no longer leads to anybody.
    """
    locked = Participant.objects.select_for_update(of=("self",)).select_related("user").get(pk=participant.pk)
    user = locked.user
    locked.user = None
    locked.erased_at = timezone.now()
    locked.save(update_fields=["user", "erased_at"])
    Battle.objects.open().of(locked).update(status=BattleStatus.SKIPPED, closed_at=timezone.now())
    if user is not None:
        _take_name_out_of_history(user=user, participant=locked)
        user.delete()


def _take_name_out_of_history(*, user: User, participant: Participant) -> None:
    for row in (user, participant):
        kind = ContentType.objects.get_for_model(row)
        LogEntry.objects.filter(content_type=kind, object_id=str(row.pk)).update(object_repr=str(participant))


def own_data(*, participant: Participant) -> dict[str, object]:
    """Everything that is kept of a participant, as JSON-ready data. No model is named that was not revealed."""
    user = participant.user
    return {
        "account": {"username": user.username, "email": user.email, "joined": user.date_joined} if user else None,
        "participant": {
            "uid": str(participant.uid),
            "kind": ParticipantKind(participant.kind).value,
            "language_level": participant.language_level,
            "education": participant.education,
            "confirmed_age": participant.confirmed_age,
            "joined": participant.created_at,
        },
        "consents": [
            {"campaign": consent.campaign.slug, "version": consent.version, "accepted": consent.accepted_at}
            for consent in participant.consents.select_related("campaign")
        ],
        "battles": [
            _own_battle(battle)
            for battle in Battle.objects.of(participant)
            .with_conversation()
            .select_related("ballot")
            .prefetch_related("ballot__judgements")
            .order_by("created_at")
        ],
        "contributions": [
            {"campaign": row.campaign.slug, "votes": row.votes, "tickets": row.tickets}
            for row in participant.contributions.select_related("campaign")
        ],
        "reports": [
            {"battle": str(report.battle.uid), "kind": report.kind, "reason": report.reason, "at": report.created_at}
            for report in participant.reports.select_related("battle")
        ],
    }


def _own_battle(battle: Battle) -> dict[str, object]:
    ballot: Ballot | None = getattr(battle, "ballot", None)
    return {
        "uid": str(battle.uid),
        "campaign": battle.campaign.slug,
        "status": battle.status,
        "language": battle.language,
        "created": battle.created_at,
        "closed": battle.closed_at,
        "skip_reason": battle.skip_reason,
        "turns": [
            {"prompt": turn.prompt, **{answer.side: answer.text for answer in turn.answers.all()}}
            for turn in battle.turns.all()
        ],
        "ballot": {
            "cast": ballot.created_at,
            "choices": ballot.choices(),
            "reasons": ballot.reasons,
            "comment": ballot.comment,
        }
        if ballot
        else None,
        "models": {"a": battle.competitor_a.name, "b": battle.competitor_b.name}
        if ballot and battle.campaign.reveals_after_vote()
        else None,
    }
