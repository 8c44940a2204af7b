"""What can be done in a battle now: read from its turns and answers, and stored nowhere."""

from collections.abc import Sequence

from arena.models import Battle, Turn


def is_running(turns: Sequence[Turn]) -> bool:
    """Whether an answer is on its way."""
    return any(answer.is_running for turn in turns for answer in turn.answers.all())


def ballot_is_open(battle: Battle, turns: Sequence[Turn]) -> bool:
    """Whether the volunteer can vote: both answers of the first turn can be judged, and nothing is running."""
    return (
        battle.is_open
        and bool(turns)
        and all(answer.can_be_judged for answer in turns[0].answers.all())
        and not is_running(turns)
    )


def can_prompt(battle: Battle, turns: Sequence[Turn]) -> bool:
    """Whether another prompt can be sent: the last turn has both its answers, and there are turns left."""
    if not battle.is_open or len(turns) >= battle.campaign.max_turns:
        return False
    return not turns or all(answer.can_be_judged for answer in turns[-1].answers.all())
