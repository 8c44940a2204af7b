"""What has to be said about a ranking besides its numbers: one code per case, and its sentence in English."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Case(StrEnum):
    NO_VOTES = "no_votes"
    WEIGHTLESS = "weightless"
    NEVER_COUNTED = "never_counted"
    LEFT_OUT = "left_out"
    SLICED = "sliced"
    ONE_PAIR = "one_pair"
    DISCONNECTED = "disconnected"
    NO_SCALE = "no_scale"
    NEVER_LOST = "never_lost"
    NEVER_WON = "never_won"
    SPLIT = "split"
    ALL_TIES = "all_ties"
    NO_TIES = "no_ties"
    TIE_SEPARATED = "tie_separated"
    NO_VOTERS = "no_voters"
    UNKNOWN_VOTERS = "unknown_voters"
    CONSTANT = "constant"
    ONE_SIDED = "one_sided"
    ONE_VOTE = "one_vote"
    ONE_VOTER = "one_voter"
    FEW_VOTERS = "few_voters"
    FEW_ROUNDS = "few_rounds"
    ABSENT = "absent"
    UNBOUNDED = "unbounded"
    ELO_ORDER = "elo_order"
    ELO_ORDERS = "elo_orders"
    TIE_MODEL = "tie_model"
    TIE_MODELS_ALIKE = "tie_models_alike"
    TIE_MISFIT = "tie_misfit"
    INVERSE_PROBABILITY = "inverse_probability"
    TIES_DROPPED = "ties_dropped"
    STYLE_MISSING = "style_missing"
    STYLE_CONSTANT = "style_constant"
    STYLE_DETERMINED = "style_determined"
    REGULARISED = "regularised"
    REGULARISED_ONLY = "regularised_only"
    NO_SIDE_EFFECT = "no_side_effect"
    ANCHORED_GROUP = "anchored_group"
    PAPER = "paper"
    PAPER_ABSENT = "paper_absent"
    PAPER_UNBOUNDED = "paper_unbounded"


SENTENCES: Mapping[Case, str] = {
    Case.NO_VOTES: "There are no votes to rank: fewer than two models have votes that count.",
    Case.WEIGHTLESS: "Votes of weight 0, which count for nothing: {count}.",
    Case.NEVER_COUNTED: "{model} has no vote that counts, and so no rating.",
    Case.SLICED: "Only votes of this slice count: {slice}.",
    Case.LEFT_OUT: "Votes that say nothing about this dimension and are left out: {count}.",
    Case.ONE_PAIR: "Only one pair of models has met.",
    Case.DISCONNECTED: (
        "The models fall into groups that never met one another ({count} groups). "
        "Ratings and ranks can be compared within a group only."
    ),
    Case.NO_SCALE: (
        "In group {component} no two models have each won against the other, directly or through others, "
        "so no model of it has a rating."
    ),
    Case.NEVER_LOST: "{model} never lost or tied (battles: {battles}), so its rating has no upper bound.",
    Case.NEVER_WON: "{model} never won or tied (battles: {battles}), so its rating has no lower bound.",
    Case.SPLIT: (
        "{model} and the rated models have not each won against the other, directly or through others, "
        "so it has a place and no rating."
    ),
    Case.ALL_TIES: "Every vote is a tie, so all models that met are level.",
    Case.NO_TIES: "No vote that bears on ratings is a tie, so {method} gives what bradley-terry gives.",
    Case.TIE_SEPARATED: (
        "The votes are too few, or too regular, for {method}: its estimate does not exist. "
        "The order is that of bradley-terry, and there are no ratings."
    ),
    Case.NO_VOTERS: "The voters are not known, so intervals take every vote as independent of the others.",
    Case.UNKNOWN_VOTERS: "Votes without a voter, each taken as a voter of its own: {count}.",
    Case.CONSTANT: "Votes that all end alike do not show how wide an interval should be, so these have none: {models}.",
    Case.ONE_SIDED: (
        "{model} won all its votes, or lost all, which no resample can undo: its interval is too narrow, "
        "and its place is not certain."
    ),
    Case.ONE_VOTE: "A single vote does not show how much votes vary, so ratings have no intervals.",
    Case.ONE_VOTER: "A single voter does not show how much voters vary, so ratings have no intervals.",
    Case.FEW_VOTERS: "The voters are few ({count}), so intervals clustered by voter are rough.",
    Case.FEW_ROUNDS: "The bootstrap rounds are few ({rounds}), so the ends of intervals are rough.",
    Case.ABSENT: "{model} could not be placed in {count} of {rounds} resamples; its interval is widened for them.",
    Case.UNBOUNDED: "{model} had no finite rating in {count} of {rounds} resamples; its interval counts them in.",
    Case.ELO_ORDER: "Elo depends on the order of the votes, here from the first to the last, with K = {k}.",
    Case.ELO_ORDERS: (
        "Elo depends on the order of the votes: this is its mean over {count} random orders (seed {seed}), "
        "with K = {k}."
    ),
    Case.TIE_MODEL: "The votes support {better} over {other} (Vuong's test: p = {p}).",
    Case.TIE_MODELS_ALIKE: "The votes do not tell davidson and rao-kupper apart (Vuong's test: p = {p}).",
    Case.TIE_MISFIT: (
        "{method} does not fit the wins, losses and ties of the pairs (chi-square {statistic}, {df} degrees of "
        "freedom, p = {p}, every vote taken as independent)."
    ),
    Case.INVERSE_PROBABILITY: (
        "As was asked, each vote is weighted by the inverse of the probability with which its pair was drawn: weights "
        "from {least} to {most}, worth {worth} votes of equal weight."
    ),
    Case.TIES_DROPPED: "Ties, which are left out as was asked: {count}.",
    Case.STYLE_MISSING: (
        "Votes left out, as an answer is missing or has too little text for its style to be known: {count}."
    ),
    Case.STYLE_CONSTANT: (
        "Measures of style in which the answers compared never differ, so they have no effect: {names}."
    ),
    Case.STYLE_DETERMINED: (
        "Measures of style that the models, or the other measures, determine, so their effect cannot be told: {names}."
    ),
    Case.REGULARISED: (
        "As was asked, ratings are drawn towards one another: each model has {votes} fictitious votes, half of them "
        "won, against the other models of its group."
    ),
    Case.REGULARISED_ONLY: (
        "The votes alone give {model} no finite rating: the one it has comes from the fictitious votes, "
        "and has no interval."
    ),
    Case.NO_SIDE_EFFECT: (
        "The votes cannot tell an advantage of the side from the models' strengths, so it is left out."
    ),
    Case.ANCHORED_GROUP: ("{model} fixes the scale of group {component} only; in every other group the mean is 1000."),
    Case.PAPER: (
        "This is the recipe of the Ebaluatoia study, for comparison: the mean of {rounds} resamples of single votes, "
        "cut to integers, and intervals of level 0.9 that take every vote as independent of the others."
    ),
    Case.PAPER_ABSENT: "{model} had no place in {count} of {rounds} resamples, and its mean leaves these out.",
    Case.PAPER_UNBOUNDED: "{model} had no finite rating in {count} of {rounds} resamples, so it has no mean.",
}


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing to say, with the values that its sentence names."""

    case: Case
    values: tuple[tuple[str, str | int], ...] = ()

    @classmethod
    def of(cls, case: Case, **values: str | int) -> "Notice":
        return cls(case, tuple(values.items()))

    def __str__(self) -> str:
        return SENTENCES[self.case].format(**dict(self.values))
