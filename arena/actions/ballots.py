"""A vote: validated under the battle's row lock, committed, and only then acknowledged (invariant 2)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from arena.actions.battles import lock_battle
from arena.ballot_forms import BallotForm, check_choices
from arena.battle_state import ballot_is_open
from arena.enums import BattleStatus
from arena.exceptions import AlreadyVoted, BallotInvalid, BallotTooEarly, BattleClosed, Blocked, CampaignNotOpen
from arena.models import Ballot, Battle, Judgement, Participant
from arena.sending import send_on_commit
from arena.tasks import collect

MAX_COMMENT_CHARS = 2000


@dataclass(frozen=True, slots=True)
class Choices:
    """What came with a ballot: a choice for each dimension, and reasons and a comment where the form has them."""

    judgements: Mapping[str, str]
    reasons: Sequence[str] = ()
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Cast:
    """An accepted ballot; `duplicate` where the same one had been accepted before."""

    ballot: Ballot
    duplicate: bool


@transaction.atomic
def cast_ballot(*, battle: Battle, participant: Participant, choices: Choices) -> Cast:
    """Accepts a ballot and closes the battle. Locks the battle's row.

    When this returns outside of another transaction, the vote is committed. The same ballot again is harmless; a
    different one raises AlreadyVoted. Raises Blocked, BattleClosed, CampaignNotOpen, BallotTooEarly or BallotInvalid,
    and Battle.DoesNotExist where the battle is somebody else's.
    """
    locked = lock_battle(battle=battle, participant=participant)
    form = locked.campaign.form
    if locked.status == BattleStatus.VOTED:
        return _same_again(locked, choices, form)
    _check_open(locked)
    _check_choices(form, choices)
    ballot = Ballot.objects.create(
        battle=locked, reasons=_reasons(form, choices), comment=_comment(form, choices), created_at=timezone.now()
    )
    Judgement.objects.bulk_create(
        [
            Judgement(ballot=ballot, dimension=dimension.key, choice=choices.judgements[dimension.key])
            for dimension in form.dimensions
            if dimension.key in choices.judgements
        ]
    )
    locked.status = BattleStatus.VOTED
    locked.closed_at = ballot.created_at
    locked.save(update_fields=["status", "closed_at"])
    send_on_commit(collect)
    return Cast(ballot=ballot, duplicate=False)


def _check_open(battle: Battle) -> None:
    if battle.participant.is_blocked:
        raise Blocked
    if not battle.is_open:
        raise BattleClosed
    # A vote that was under way when the campaign was paused or ended has a volunteer's work in it, but a campaign that
    # takes no votes takes none: the page says so.
    if not battle.campaign.is_accepting:
        raise CampaignNotOpen
    turns = list(battle.turns.order_by("index").prefetch_related("answers"))
    if not ballot_is_open(battle, turns):
        raise BallotTooEarly


def _check_choices(form: BallotForm, choices: Choices) -> None:
    if (fault := check_choices(form, choices.judgements)) is not None:
        raise BallotInvalid(fault=fault)


def _same_again(battle: Battle, choices: Choices, form: BallotForm) -> Cast:
    ballot = Ballot.objects.prefetch_related("judgements").get(battle=battle)
    same = (
        ballot.choices() == dict(choices.judgements)
        and ballot.reasons == _reasons(form, choices)
        and ballot.comment == _comment(form, choices)
    )
    if not same:
        raise AlreadyVoted
    return Cast(ballot=ballot, duplicate=True)


def _reasons(form: BallotForm, choices: Choices) -> list[str]:
    return [reason.key for reason in form.reasons if reason.key in choices.reasons]


def _comment(form: BallotForm, choices: Choices) -> str:
    cleaned = choices.comment.replace("\x00", "").replace("\r\n", "\n").strip()
    return cleaned[:MAX_COMMENT_CHARS] if form.comment else ""
