"""The closed vocabularies of the arena. Their values are stored and exported: never rename one."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class ParticipantKind(TextChoices):
    """Where the votes of a participant come from."""

    PERSON = "person", _("Person")
    IMPORTED = "imported", _("Imported")
    SIMULATED = "simulated", _("Simulated")


class LanguageLevel(TextChoices):
    """How well somebody knows Basque, in the pairs of CEFR levels that the study used."""

    A = "a1_a2", "A1/A2"
    B = "b1_b2", "B1/B2"
    C = "c1_c2", "C1/C2"


class Education(TextChoices):
    UNIVERSITY = "university", _("University")
    VOCATIONAL = "vocational", _("Vocational training")
    UPPER_SECONDARY = "upper_secondary", _("Upper secondary school")
    LOWER_SECONDARY = "lower_secondary", _("Lower secondary school or less")


class CampaignStatus(TextChoices):
    DRAFT = "draft", _("Draft")
    OPEN = "open", _("Open")
    PAUSED = "paused", _("Paused")
    CLOSED = "closed", _("Closed")


class RevealPolicy(TextChoices):
    """When a volunteer learns which two models answered."""

    NEVER = "never", _("Never")
    AFTER_VOTE = "after_vote", _("After the vote")
    AFTER_CAMPAIGN = "after_campaign", _("When the campaign is over")


class LeaderboardPolicy(TextChoices):
    """When the ranking of a campaign can be seen."""

    ALWAYS = "always", _("Always")
    AFTER_CAMPAIGN = "after_campaign", _("When the campaign is over")
    HIDDEN = "hidden", _("Only for admins")


class CategorySource(TextChoices):
    """Who says what a prompt asks for."""

    NONE = "none", _("Nobody: prompts get no category")
    RULES = "rules", _("Rules: words that tell one kind of prompt from another")
    MODEL = "model", _("A served model, which is asked once for each prompt")


class Category(TextChoices):
    """What a prompt asks for. A campaign whose prompts a served model sorts may have others."""

    WRITING = "writing", _("Writing")
    TRANSLATION = "translation", _("Translation")
    SUMMARY = "summary", _("Summary")
    CODE = "code", _("Programming")
    MATHS = "maths", _("Mathematics")
    KNOWLEDGE = "knowledge", _("Knowledge")
    CHAT = "chat", _("Conversation")
    OTHER = "other", _("Something else")


class MatchupState(TextChoices):
    DRAFT = "draft", _("Draft")
    RUNNING = "running", _("Running")
    PAUSED = "paused", _("Paused")
    FINISHED = "finished", _("Finished")


class PairingPolicy(TextChoices):
    UNIFORM = "uniform", _("Uniform: every pair is as likely")
    WEIGHTED = "weighted", _("Weighted: by the competitors' weights")
    COVERAGE = "coverage", _("Coverage: the pairs with the fewest votes first")
    UNCERTAINTY = "uncertainty", _("Uncertainty: mostly the pairs whose next vote tells most")


class BattleStatus(TextChoices):
    OPEN = "open", _("Open")
    VOTED = "voted", _("Voted")
    SKIPPED = "skipped", _("Skipped")
    REDRAWN = "redrawn", _("Redrawn")


class Side(TextChoices):
    A = "a", "A"
    B = "b", "B"


class AnswerStatus(TextChoices):
    WAITING = "waiting", _("Waiting")
    STREAMING = "streaming", _("Streaming")
    COMPLETE = "complete", _("Complete")
    STOPPED = "stopped", _("Stopped")
    FAILED = "failed", _("Failed")


#: The statuses in which somebody is, or should be, streaming.
RUNNING_ANSWERS = (AnswerStatus.WAITING, AnswerStatus.STREAMING)
ENDED_ANSWERS = (AnswerStatus.COMPLETE, AnswerStatus.STOPPED, AnswerStatus.FAILED)


class Choice(TextChoices):
    """What a volunteer can say of one dimension. The last three are offered where a campaign's form has them."""

    A = "a", _("A")
    TIE = "tie", _("Tie")
    B = "b", _("B")
    BOTH_GOOD = "both_good", _("Both are good")
    BOTH_BAD = "both_bad", _("Both are bad")
    DONT_KNOW = "dont_know", _("I don't know")


class Outcome(TextChoices):
    """The winner of a ballot, as ranking reads it."""

    A = "a", "A"
    B = "b", "B"
    TIE = "tie", _("Tie")


class ReportKind(TextChoices):
    OFFENSIVE = "offensive", _("Offensive or harmful")
    PERSONAL_DATA = "personal_data", _("Personal data")
    BROKEN = "broken", _("Broken or unreadable")


class ReportResolution(TextChoices):
    UPHELD = "upheld", _("Upheld")
    DISMISSED = "dismissed", _("Dismissed")
