"""The places of answers in the queues of their models, as pages and sockets show them."""

from collections.abc import Sequence

from arena.enums import AnswerStatus
from arena.models import Turn
from inference.models import Place


def holder_of(answer_id: int, run: int) -> str:
    """Under which name one run of an answer queues up: trying again is another run, which goes to the end."""
    return f"answer {answer_id} run {run}"


def note_places(turns: Sequence[Turn]) -> None:
    """Sets `place` of the answers that wait in a queue; one query, and none where no answer waits."""
    answers = {
        holder_of(answer.pk, answer.run): answer
        for turn in turns
        for answer in turn.answers.all()
        if answer.status == AnswerStatus.WAITING
    }
    if answers:
        for holder, place in Place.objects.standings(answers.keys()).items():
            answers[holder].place = place
