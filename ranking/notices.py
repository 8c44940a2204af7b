"""The estimators' notices, in the reader's language."""

from collections.abc import Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from ranking.estimators import Case

#: One sentence per case. tests/ranking/test_notices.py checks that they name the same values as the estimators' own.
SENTENCES: Mapping[Case, Promise] = {
    Case.NO_VOTES: _("There are no votes to rank: fewer than two models have votes that count."),
    Case.WEIGHTLESS: _("Votes of weight 0, which count for nothing: {count}."),
    Case.NEVER_COUNTED: _("{model} has no vote that counts, and so no rating."),
    Case.SLICED: _("Only votes of this slice count: {slice}."),
    Case.LEFT_OUT: _("Votes that say nothing about this dimension and are left out: {count}."),
    Case.ONE_PAIR: _("Only one pair of models has met."),
    Case.DISCONNECTED: _(
        "The models fall into groups that never met one another ({count} groups). "
        "Ratings and ranks can be compared within a group only."
    ),
    Case.NO_SCALE: _(
        "In group {component} no two models have each won against the other, directly or through others, "
        "so no model of it has a rating."
    ),
    Case.NEVER_LOST: _("{model} never lost or tied (battles: {battles}), so its rating has no upper bound."),
    Case.NEVER_WON: _("{model} never won or tied (battles: {battles}), so its rating has no lower bound."),
    Case.SPLIT: _(
        "{model} and the rated models have not each won against the other, directly or through others, "
        "so it has a place and no rating."
    ),
    Case.ALL_TIES: _("Every vote is a tie, so all models that met are level."),
    Case.NO_TIES: _("No vote that bears on ratings is a tie, so {method} gives what bradley-terry gives."),
    Case.TIE_SEPARATED: _(
        "The votes are too few, or too regular, for {method}: its estimate does not exist. "
        "The order is that of bradley-terry, and there are no ratings."
    ),
    Case.NO_VOTERS: _("The voters are not known, so intervals take every vote as independent of the others."),
    Case.UNKNOWN_VOTERS: _("Votes without a voter, each taken as a voter of its own: {count}."),
    Case.CONSTANT: _(
        "Votes that all end alike do not show how wide an interval should be, so these have none: {models}."
    ),
    Case.ONE_SIDED: _(
        "{model} won all its votes, or lost all, which no resample can undo: its interval is too narrow, "
        "and its place is not certain."
    ),
    Case.ONE_VOTE: _("A single vote does not show how much votes vary, so ratings have no intervals."),
    Case.ONE_VOTER: _("A single voter does not show how much voters vary, so ratings have no intervals."),
    Case.FEW_VOTERS: _("The voters are few ({count}), so intervals clustered by voter are rough."),
    Case.FEW_ROUNDS: _("The bootstrap rounds are few ({rounds}), so the ends of intervals are rough."),
    Case.ABSENT: _("{model} could not be placed in {count} of {rounds} resamples; its interval is widened for them."),
    Case.UNBOUNDED: _("{model} had no finite rating in {count} of {rounds} resamples; its interval counts them in."),
    Case.ELO_ORDER: _("Elo depends on the order of the votes, here from the first to the last, with K = {k}."),
    Case.ELO_ORDERS: _(
        "Elo depends on the order of the votes: this is its mean over {count} random orders (seed {seed}), "
        "with K = {k}."
    ),
    Case.TIE_MODEL: _("The votes support {better} over {other} (Vuong's test: p = {p})."),
    Case.TIE_MODELS_ALIKE: _("The votes do not tell davidson and rao-kupper apart (Vuong's test: p = {p})."),
    Case.TIE_MISFIT: _(
        "{method} does not fit the wins, losses and ties of the pairs (chi-square {statistic}, {df} degrees of "
        "freedom, p = {p}, every vote taken as independent)."
    ),
    Case.INVERSE_PROBABILITY: _(
        "As was asked, each vote is weighted by the inverse of the probability with which its pair was drawn: weights "
        "from {least} to {most}, worth {worth} votes of equal weight."
    ),
    Case.TIES_DROPPED: _("Ties, which are left out as was asked: {count}."),
    Case.STYLE_MISSING: _(
        "Votes left out, as an answer is missing or has too little text for its style to be known: {count}."
    ),
    Case.STYLE_CONSTANT: _(
        "Measures of style in which the answers compared never differ, so they have no effect: {names}."
    ),
    Case.STYLE_DETERMINED: _(
        "Measures of style that the models, or the other measures, determine, so their effect cannot be told: {names}."
    ),
    Case.REGULARISED: _(
        "As was asked, ratings are drawn towards one another: each model has {votes} fictitious votes, half of them "
        "won, against the other models of its group."
    ),
    Case.REGULARISED_ONLY: _(
        "The votes alone give {model} no finite rating: the one it has comes from the fictitious votes, "
        "and has no interval."
    ),
    Case.NO_SIDE_EFFECT: _(
        "The votes cannot tell an advantage of the side from the models' strengths, so it is left out."
    ),
    Case.ANCHORED_GROUP: _("{model} fixes the scale of group {component} only; in every other group the mean is 1000."),
    Case.PAPER: _(
        "This is the recipe of the Ebaluatoia study, for comparison: the mean of {rounds} resamples of single votes, "
        "cut to integers, and intervals of level 0.9 that take every vote as independent of the others."
    ),
    Case.PAPER_ABSENT: _("{model} had no place in {count} of {rounds} resamples, and its mean leaves these out."),
    Case.PAPER_UNBOUNDED: _("{model} had no finite rating in {count} of {rounds} resamples, so it has no mean."),
}


def sentence(notice: Mapping[str, Any]) -> str:
    """A stored notice ({"case", "values"}) as a sentence in the active language."""
    return str(SENTENCES[Case(notice["case"])]).format(**notice["values"])
