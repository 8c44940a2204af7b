"""The strings that the battle page's scripts show, in the active language.

They travel in the page's data (`json_script`), so that the one catalogue of the site serves the scripts too. `{side}`,
`{turn}`, `{place}`, `{over}` and `{left}` are filled in by the page.
"""

from django.utils.translation import gettext as _


def page_strings() -> dict[str, str]:
    """Every string of static/js/battle/ by its key."""
    return {**_answer_strings(), **_announcements(), **_prompt_strings(), **_battle_strings()}


def _answer_strings() -> dict[str, str]:
    return {
        "answer_label": _("Answer {side}, turn {turn}"),
        "turn_label": _("Turn {turn}"),
        "waiting": _("Waiting for the first words…"),
        "queued": _("In the queue: place {place}"),
        "queued_next": _("Next in the queue"),
        "queued_note": _("Many are asking just now. This answer keeps its place, even if you close the page."),
        "streaming": _("Writing…"),
        "stopped": _("Stopped"),
        "failed": _("No answer"),
        "broken_off": _("Broke off"),
        "failed_empty": _("This side could not answer."),
        "failed_partial": _("What it said before is kept."),
        "stopped_empty": _("Stopped before it said anything."),
        "copied": _("Copied"),
        "copy_failed": _("Could not be copied"),
        "code": _("Code"),
        "table": _("Table"),
    }


def _announcements() -> dict[str, str]:
    """Said once each, in the page's status line."""
    return {
        "announce_both_running": _("Both models are answering."),
        "announce_running": _("Answer {side} has begun."),
        "announce_queued": _("Answer {side} waits in the queue."),
        "announce_complete": _("Answer {side} is there."),
        "announce_stopped": _("Answer {side} was stopped."),
        "announce_failed": _("Answer {side} could not be given."),
        "announce_ballot": _("You can vote now."),
    }


def _prompt_strings() -> dict[str, str]:
    return {
        "prompt_empty": _("Write something first."),
        "prompt_too_long": _("Too long by {over} characters."),
        "characters_left": _("Room for {left} more characters."),
        "answers_running": _("The models are still answering. Wait until they end, or stop them."),
        "ask_more": _("Ask more"),
        "sending": _("Sending…"),
        "send": _("Send"),
    }


def _battle_strings() -> dict[str, str]:
    return {
        "connecting_again": _("Connecting again… Nothing is lost."),
        "gone": _("This battle cannot be reached any more. Open it again from the start page."),
        "ballot_incomplete": _("Choose an answer to each question."),
        "ballot_not_sent": _("The vote could not be sent. Your choices are kept: try it again."),
        "closed_voted": _("You have voted in this battle. Thank you."),
        "closed_skipped": _("This battle was skipped."),
        "closed_redrawn": _("This battle goes on with two other models."),
    }
