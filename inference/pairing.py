"""Writes of circuit breakers: what battles tell of their answers, and which battle may be drawn with which model.

A battle is known by whatever word its caller gives (`trial`). A breaker changes in the transaction that calls these,
with the served model's row locked, so that it stands or falls with what made it change.
"""

from collections.abc import Callable, Collection
from datetime import timedelta

import structlog
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from inference import breaker
from inference.breaker import Breaker
from inference.breaker_fields import BREAKER_FIELDS
from inference.changes import record_change
from inference.enums import ChangeKind
from inference.models import ServedModel

log = structlog.get_logger(__name__)


def report_answered(*, served_model: ServedModel, trial: str) -> None:
    """An answer came to its end. Costs no query where that changes nothing, by `served_model` as it was read.

    Otherwise locks the served model's row. Call it in the transaction that stores the end.
    """
    if not served_model.breaker.is_calm:
        _change(served_model.pk, lambda known: breaker.answered(known, trial=trial, at=timezone.now()))


def report_failed(*, served_model_id: int, trial: str, detail: str) -> None:
    """An answer failed by the model's fault; `detail` is for admins. Locks the served model's row.

    Call it in the transaction that stores the end: the model is out of pairing when that commits.
    """
    _change(served_model_id, lambda known: breaker.answer_failed(known, detail, trial=trial, at=timezone.now()))


def give_back_trials(*, trial: str, served_model_ids: Collection[int] | None = None) -> None:
    """The battle ended, or its answer of these models did, without a verdict on the model. Call it in a transaction.

    One query where the battle has no trial; otherwise locks the served models' rows.
    """
    taken = ServedModel.objects.filter(breaker_trial=trial)
    if served_model_ids is not None:
        taken = taken.filter(pk__in=served_model_ids)
    # One by one, in the order in which draws lock them.
    for served_model_id in taken.order_by("pk").values_list("pk", flat=True):
        _change(served_model_id, lambda known: breaker.given_back(known, trial))


def claim_pair(*, served_model_ids: Collection[int], trial: str, keep: timedelta) -> bool:
    """Whether the battle `trial` may be drawn with these models; takes the trial of those that are half-open.

    A trial is kept for `keep`, or until it is decided; those that the battle had of other models are given back. Locks
    these served models' rows until the caller's transaction ends, so that none of them leaves pairing before the draw
    is committed, and no two battles have the same trial. Where the answer is no, nothing is changed or locked.
    """
    with transaction.atomic():
        # In one statement and in one order, so that no two draws wait for each other.
        concerned = Q(pk__in=served_model_ids) | Q(breaker_trial=trial)
        locked = list(_locking().filter(concerned).order_by("pk"))
        now = timezone.now()
        drawn = [each for each in locked if each.pk in served_model_ids]
        if not all(each.is_usable_by(trial, now) for each in drawn):
            # Back to the savepoint, which gives up the locks: another pair is drawn next, in any order.
            transaction.set_rollback(True)
            return False
        for each in locked:
            taken = breaker.asked_by(each.breaker, trial, until=now + keep)
            left = breaker.given_back(each.breaker, trial)
            keep_breaker(served_model=each, known=taken if each in drawn else left)
    return True


def claim_for_retry(*, served_model_id: int, trial: str, keep: timedelta) -> bool:
    """Whether the battle `trial` may ask the model once more, which is then its trial. Call it in a transaction.

    Whatever its health, which may be ten seconds old: the volunteer may have waited for just that. Locks the served
    model's row.
    """
    served_model, now = _locking().get(pk=served_model_id), timezone.now()
    if not served_model.breaker.may_be_asked_by(trial, now):
        return False
    keep_breaker(served_model=served_model, known=breaker.asked_by(served_model.breaker, trial, until=now + keep))
    return True


@transaction.atomic
def take_out_of_pairing(*, served_model_id: int, by: AbstractBaseUser) -> bool:
    """No battle is drawn with the model until somebody puts it back; running answers go on. Locks its row.

    False where it was out by hand already.
    """
    return _change(served_model_id, lambda known: breaker.opened_by_hand(known, at=timezone.now()), by=by)


@transaction.atomic
def put_back_into_pairing(*, served_model_id: int, by: AbstractBaseUser) -> bool:
    """Battles are drawn with the model again as soon as it is ready, whatever it did before. Locks its row.

    False where it was in pairing already.
    """
    return _change(served_model_id, lambda known: breaker.closed_by_hand(known, at=timezone.now()), by=by)


def keep_breaker(*, served_model: ServedModel, known: Breaker, by: AbstractBaseUser | None = None) -> bool:
    """Stores what is known now, and a change of state with its reason. The caller holds the served model's row.

    Returns whether there was such a change, or a hand that confirmed the state.
    """
    before = served_model.breaker
    if known == before:
        return False
    served_model.breaker = known
    served_model.save(update_fields=BREAKER_FIELDS)
    if known.since == before.since:
        return False
    record_change(
        served_model=served_model,
        kind=ChangeKind.BREAKER,
        at=known.since,
        before=before.state.value,
        after=known.state.value,
        cause=known.cause.value if known.cause else "",
        detail=known.detail[:500],
        by=by,
    )
    log.info(
        "breaker_changed",
        model=served_model.name,
        before=before.state.value,
        now=known.state.value,
        cause=known.cause.value if known.cause else "",
    )
    return True


def _change(served_model_id: int, decide: Callable[[Breaker], Breaker], *, by: AbstractBaseUser | None = None) -> bool:
    served_model = _locking().filter(pk=served_model_id).first()
    if served_model is None:
        return False
    return keep_breaker(served_model=served_model, known=decide(served_model.breaker), by=by)


def _locking() -> QuerySet[ServedModel]:
    # NO KEY, because rows that are inserted refer to these: changes, and places in a queue.
    return ServedModel.objects.select_for_update(of=("self",), no_key=True)
