"""Marking the answers that name a model or its maker."""

from arena.enums import ENDED_ANSWERS
from arena.models import Answer, Campaign
from arena.self_identification import identifies_itself, parse_words


def mark_self_identified(*, campaign: Campaign) -> int:
    """Applies the campaign's list to all of its answers again, after the list has changed; returns how many marks did.

    Takes no lock: an answer that is tried again meanwhile has another run, and gets its own mark when it ends.
    """
    words = parse_words(campaign.self_identifying_words)
    ended = Answer.objects.filter(turn__battle__campaign=campaign, status__in=ENDED_ANSWERS).order_by("pk")
    wrong = [
        (pk, run, not marked)
        for pk, run, text, marked in ended.values_list("pk", "run", "text", "self_identified").iterator(chunk_size=500)
        if identifies_itself(text, words) != marked
    ]
    return sum(
        Answer.objects.filter(pk=pk, run=run, status__in=ENDED_ANSWERS).update(self_identified=marked)
        for pk, run, marked in wrong
    )
