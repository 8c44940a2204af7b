"""Errors of this app. Their text is a sentence for whoever started the command."""

from pathlib import Path


class TrainingError(Exception):
    """Base of this app's errors."""


class BadManifest(TrainingError):
    """A folder whose manifest is missing, cannot be read, or does not fit what lies beside it."""


class PlanDiffers(TrainingError):
    """A folder that holds the work of other arguments, which must not be mixed with these."""


class BadSource(TrainingError):
    """A file of rows that cannot be read at all."""


class BadRow(BadSource):
    """A row that is wrong; `number` counts from 1. `can_skip` says whether its command has --skip-bad."""

    def __init__(self, path: Path, number: int, reason: str, *, can_skip: bool = True) -> None:
        self.number = number
        self.reason = reason
        advice = "With --skip-bad such rows are counted and left out." if can_skip else "Mend the row, or remove it."
        super().__init__(f"{path}, row {number}: {reason}. {advice}")


class CannotWrite(TrainingError):
    """A disk that is full, or a folder that may not be written to."""


class UnknownVariant(TrainingError):
    """No variant of the grid has this name."""


class CannotFetch(TrainingError):
    """A package that could not be had: its tool is missing, or its archive cannot be reached."""


class BadRecipe(TrainingError):
    """A recipe of a training run that cannot be read, or whose values cannot be."""


class DoesNotDivide(TrainingError):
    """Sequences of a step that cannot be shared out evenly over devices."""


class AskingFailed(TrainingError):
    """A model's server gave no answer to a request, or to any."""

    def __init__(
        self,
        message: str,
        *,
        status: int = 0,
        is_refusal: bool = False,
        concerns_all: bool = False,
        retry_after: float = 0.0,
    ) -> None:
        self.status = status
        """The HTTP status, or 0 where there was none."""
        self.is_refusal = is_refusal
        """The server will not take this request, however often it is sent."""
        self.concerns_all = concerns_all
        """No other request to this server can fare better."""
        self.retry_after = retry_after
        """Seconds that the server asks to be left alone."""
        super().__init__(message)


class NeverTagged(TrainingError):
    """Rows that lack a tag which a filter needs."""


class CannotLaunch(TrainingError):
    """A training run that cannot be started as asked."""


class TrainingFailed(TrainingError):
    """A worker that ended before its model was there."""


class UnknownTask(TrainingError):
    """No benchmark has this name."""


class DataUnreachable(TrainingError):
    """The data of a benchmark that could not be read: its hub does not answer, or it is not what its task expects."""


class EvaluationFailed(TrainingError):
    """A model that could not be loaded or asked, or a benchmark that it could not be asked with."""


class CannotLoadModel(TrainingError):
    """A model that is not there, or is no model of the kind that is needed."""


class NothingUsable(TrainingError):
    """A model whose output was never what was asked for."""
