"""Keeping bad faith out: blocking participants."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from arena.actions.admin_history import record_admin_change
from arena.actions.collection import ask_for_recount, hold_collectors, quarantine_votes
from arena.exceptions import AlreadyBlocked, BlockNeedsReason, NotBlocked
from arena.models import Ballot, Battle, Campaign, Participant, User
from arena.tasks import rebuild_campaign_tallies

MAX_REASON = Participant._meta.get_field("block_reason").max_length or 0


@transaction.atomic
def block_participant(*, participant_id: int, reason: str, by: User) -> Participant:
    """Keeps somebody out. Their votes are quarantined: kept, and left out of every count and ranking.

    Locks the participant, then their open battles, so that a ballot that is just being cast is either quarantined here
    or refused there, then the campaigns of their votes against collectors. Raises BlockNeedsReason and AlreadyBlocked.
    """
    reason = reason.strip()
    if not reason or len(reason) > MAX_REASON:
        raise BlockNeedsReason(limit=MAX_REASON)
    participant = _lock(participant_id)
    if participant.is_blocked:
        raise AlreadyBlocked
    participant.blocked_at, participant.block_reason = timezone.now(), reason
    participant.save(update_fields=["blocked_at", "block_reason"])
    list(Battle.objects.open().of(participant).order_by("pk").select_for_update(of=("self",)).values_list("pk"))
    quarantined, campaigns = quarantine_votes(participant=participant)
    _rebuild(campaigns)
    message = _("Blocked: %(reason)s Votes quarantined: %(votes)s.")
    record_admin_change(
        by=by, changed=participant, message=message % {"reason": _sentence(reason), "votes": quarantined}
    )
    return participant


@transaction.atomic
def unblock_participant(*, participant_id: int, by: User) -> Participant:
    """Lets somebody in again, and their votes count again, less those that were in quarantine before the block.

    Locks the participant, then the campaigns of their votes against collectors. Raises NotBlocked.
    """
    participant = _lock(participant_id)
    if participant.blocked_at is None:
        raise NotBlocked
    votes = Ballot.objects.filter(battle__participant=participant, quarantined_at__gte=participant.blocked_at)
    campaigns = hold_collectors(participant=participant)
    freed = votes.update(quarantined_at=None)
    ask_for_recount(campaigns)
    participant.blocked_at, participant.block_reason = None, ""
    participant.save(update_fields=["blocked_at", "block_reason"])
    _rebuild(campaigns)
    message = _("Unblocked. Votes that count again: %(votes)s.")
    record_admin_change(by=by, changed=participant, message=message % {"votes": freed})
    return participant


def _sentence(text: str) -> str:
    return text if text[-1] in ".!?…" else f"{text}."


def _lock(participant_id: int) -> Participant:
    # NO KEY, because a collector that holds a campaign may be adding a contribution, which refers to the participant.
    return Participant.objects.select_for_update(of=("self",), no_key=True).get(pk=participant_id)


def _rebuild(campaigns: list[Campaign]) -> None:
    def send() -> None:
        for campaign in campaigns:
            rebuild_campaign_tallies.delay(campaign.pk)

    # Robust: the block is committed, and a broker that is gone must not turn it into an error. The sweep finds what
    # was not counted again.
    transaction.on_commit(send, robust=True)
