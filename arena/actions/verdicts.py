"""What the end of an answer says of the model that gave it, for the model's circuit breaker."""

from arena.enums import AnswerStatus
from inference.exceptions import FailureKind
from inference.models import ServedModel
from inference.pairing import give_back_trials, report_answered, report_failed

#: Failures that are the model's fault. A request that was refused for what is in it says nothing of the next one, and a
#: process that died or a fault of ours nothing of the model.
OF_THE_MODEL = frozenset(FailureKind) - {FailureKind.REQUEST_REFUSED}
#: How answers fail when their server is gone. Of a model with several, that is not the model's end: within ten seconds
#: a probe finds out, and answers go to the other servers.
OF_A_SERVER = frozenset({FailureKind.CONNECT, FailureKind.CUT_OFF})


def report_end(*, answer_id: int, side: str, battle_uid: str, status: str, failure_kind: str, detail: str) -> None:
    """Tells the model's breaker how an answer ended. Call it in the transaction that stores the end.

    One query for a whole answer of a model that has done nothing wrong lately. Otherwise locks the served model's row.
    """
    served_model = ServedModel.objects.filter(**{f"competitors__battles_as_{side}__turns__answers": answer_id}).first()
    if served_model is None:
        return
    if status == AnswerStatus.COMPLETE:
        report_answered(served_model=served_model, trial=battle_uid)
    elif failure_kind in OF_THE_MODEL and not (failure_kind in OF_A_SERVER and len(served_model.addresses) > 1):
        report_failed(
            served_model_id=served_model.pk, trial=battle_uid, detail=f"{failure_kind}: {detail}".replace("\x00", "")
        )
    elif served_model.breaker_trial == battle_uid:
        give_back_trials(trial=battle_uid, served_model_ids=[served_model.pk])
