"""What the estimators refuse, each with a sentence that says why."""


class EstimationError(ValueError):
    """The votes are fine, but what is asked of them cannot be computed."""


class BadRow(ValueError):
    """A row of the input that is no vote.

    `number` is the row's own number in its source (a file's line, or a position counted from 1);
    `reason` is a phrase without it.
    """

    def __init__(self, number: int, reason: str) -> None:
        self.number = number
        self.reason = reason
        super().__init__(f"row {number}: {reason}")
