"""Refusals: what a volunteer asked for and does not get, with the sentence that says why.

The code is for programs and tests, the message for people, the status for HTTP.
"""

from typing import ClassVar

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Refusal(Exception):
    """Base of all refusals. Nothing was changed, and nothing that was typed is lost."""

    code: ClassVar[str] = "refused"
    status: ClassVar[int] = 400
    message: ClassVar[str | Promise] = _("That was not possible.")

    def __init__(self, **values: object) -> None:
        super().__init__(self.code)
        self.values = values

    def __str__(self) -> str:
        return str(self.message) % self.values if self.values else str(self.message)


class OurFault(Refusal):
    code, status = "our_fault", 503
    message = _("Something went wrong on our side. What you wrote is kept: try again in a moment.")


class NotJoined(Refusal):
    code, status = "not_joined", 403
    message = _("Join first: it takes ten seconds.")


class ConsentNeeded(Refusal):
    code, status = "consent_needed", 403
    message = _("The campaign's text has changed. Read it and accept it, and go on.")


class Blocked(Refusal):
    code, status = "blocked", 403
    message = _("This account is blocked, so it cannot take part.")


class CampaignNotOpen(Refusal):
    code, status = "campaign_not_open", 409
    message = _("This campaign takes no votes now.")


class NoPairReady(Refusal):
    code, status = "no_pair_ready", 503
    message = _("The models are not ready yet. Your prompt is kept: try again in a moment.")


class TooManyBattles(Refusal):
    code, status = "too_many_battles", 429
    message = _("That is a lot of battles in one hour. Take a rest and come back in a while.")


class BattleClosed(Refusal):
    code, status = "battle_closed", 409
    message = _("This battle is over.")


class PromptEmpty(Refusal):
    code = "prompt_empty"
    message = _("Write something first.")


class PromptTooLong(Refusal):
    code = "prompt_too_long"
    message = _("The prompt is too long: %(length)s characters, and %(limit)s is the limit.")


class PromptUnreadable(Refusal):
    code = "prompt_unreadable"
    message = _("The prompt has characters that cannot be read (control characters). Remove them and send it again.")


class AnswersRunning(Refusal):
    code, status = "answers_running", 409
    message = _("The models are still answering. Wait until they end, or stop them.")


class AnswerMissing(Refusal):
    code, status = "answer_missing", 409
    message = _("An answer is missing in the last turn. Try it again first.")


class TooManyTurns(Refusal):
    code, status = "too_many_turns", 409
    message = _("This battle has had all its turns. Now it is time to vote.")


class TurnTaken(Refusal):
    code, status = "turn_taken", 409
    message = _("Another prompt was sent in this battle, maybe from another tab. Yours is kept in the box.")


class NothingToRetry(Refusal):
    code, status = "nothing_to_retry", 409
    message = _("There is nothing to try again here.")


class SideResting(Refusal):
    code, status = "side_resting", 503
    message = _("This side cannot answer at the moment. Go on with two other models, or try again in a while.")


class NothingToRedraw(Refusal):
    code, status = "nothing_to_redraw", 409
    message = _("Both models are answering, so there is no need for new ones.")


class BallotTooEarly(Refusal):
    code, status = "ballot_too_early", 409
    message = _("You can vote when both answers of the first turn are there.")


class BallotInvalid(Refusal):
    code = "ballot_invalid"
    message = _("The ballot is not complete. Choose an answer to each question.")


class AlreadyVoted(Refusal):
    code, status = "already_voted", 409
    message = _("You have voted in this battle already, and that vote stands.")


class FrameUnreadable(Refusal):
    code = "frame_unreadable"
    message = _("The message could not be read.")


class FrameUnknown(Refusal):
    code = "frame_unknown"
    message = _("The page sent something that the arena does not know. Reload the page.")


class FrameTooLarge(Refusal):
    code, status = "frame_too_large", 413
    message = _("The message is too large.")


class ReportInvalid(Refusal):
    code = "report_invalid"
    message = _("Say what is wrong, in a few words.")


class AlreadyReported(Refusal):
    code, status = "already_reported", 409
    message = _("You have reported this already. Thank you.")


class MatchupNotReady(Refusal):
    code, status = "matchup_not_ready", 409
    message = _("A matchup needs at least two competitors that may be drawn.")


class MatchupTransition(Refusal):
    code, status = "matchup_transition", 409
    message = _("A matchup that is %(state)s cannot become %(wanted)s.")


class MatchupEntriesFixed(Refusal):
    code, status = "matchup_entries_fixed", 409
    message = _("The competitors of a matchup that is %(state)s cannot be changed.")


class CompetitorOfOtherCampaign(Refusal):
    code = "competitor_of_other_campaign"
    message = _("All competitors of a matchup belong to its campaign.")


class CampaignNotReady(Refusal):
    code, status = "campaign_not_ready", 409
    message = _("A campaign needs a text and a consent text before it opens.")


class CampaignTransition(Refusal):
    code, status = "campaign_transition", 409
    message = _("A campaign that is %(state)s cannot become %(wanted)s.")


class AlreadyBlocked(Refusal):
    code, status = "already_blocked", 409
    message = _("This participant is blocked already.")


class NotBlocked(Refusal):
    code, status = "not_blocked", 409
    message = _("This participant is not blocked.")


class BlockNeedsReason(Refusal):
    code = "block_needs_reason"
    message = _("A block needs a reason, of at most %(limit)s characters.")


class ReportResolved(Refusal):
    code, status = "report_resolved", 409
    message = _("This report was resolved already.")
