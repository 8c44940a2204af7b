"""Where the management commands that rank have their votes from: a campaign, or a file without any database."""

from argparse import ArgumentParser
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError

from ranking.estimators import Cells, Cluster, EstimationError, Interval, Method, Options, Votes, solve
from ranking.estimators.factor_design import Factors
from ranking.estimators.ranking import Solution
from ranking.estimators.style import Covariates, solve_with_style
from ranking.estimators.weighting import weights_notice
from ranking.files.votes import read_cells, read_votes
from ranking.slices import FileSlice, Slice, check_slice, said_of


@dataclass(frozen=True, slots=True)
class Asked:
    """Votes in one dimension, and how many of the source say nothing about it. style: of each vote, where asked.

    counted: the votes as they were counted while a file was read, where single ones are not needed.
    """

    counted: Votes | Cells
    left_out: int
    dimension: str
    chosen: Slice
    style: Covariates | None = None
    by_inverse_probability: bool = False

    @property
    def votes(self) -> Votes:
        """Single votes, in the order of the source. Raises `EstimationError` where they were not kept."""
        if isinstance(self.counted, Cells):
            raise EstimationError("the votes were counted as they were read, and single ones are needed")
        return self.counted

    def solve(self, how: Options) -> Solution:
        """The ranking of these votes, which says of which slice it is."""
        if self.style is not None:
            found = solve_with_style(self.votes, self.style, how, dimension=self.dimension, left_out=self.left_out)
            solution = found.controlled
        else:
            solution = solve(self.counted, how, dimension=self.dimension, left_out=self.left_out)
        ranking = said_of(solution.ranking, self.chosen)
        if self.by_inverse_probability:
            ranking = replace(ranking, notices=(weights_notice(self.votes), *ranking.notices))
        return replace(solution, ranking=ranking)


def add_source_options(parser: ArgumentParser, *, one_dimension: bool = True) -> None:
    """Which votes; a command that takes several dimensions adds these itself."""
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--campaign", metavar="SLUG")
    source.add_argument("--input", type=Path, metavar="FILE", help="JSON lines, CSV (plain or .gz) or Parquet")
    if one_dimension:
        parser.add_argument("--dimension", default="overall", help="overall, content, language (default: overall)")
    parser.add_argument(
        "--slice",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="only votes of which this holds, for example level=c1_c2; may be repeated (docs/ranking.md)",
    )
    parser.add_argument(
        "--without-self-identified",
        action="store_true",
        help="leave out votes on answers that name a model or its maker",
    )
    parser.add_argument(
        "--inverse-probability",
        action="store_true",
        help="weight each vote by the inverse of the probability with which its pair was drawn",
    )


def votes_asked(options: dict[str, Any], how: Options, *, in_time: bool = False) -> Asked:
    """Reads the votes; single ones in the order of time, where `in_time` is asked or the method needs it.

    Raises `BadFile`, `BadSlice`, or `CommandError` where there is no such campaign or dimension.
    """
    chosen = Slice.parse(options["slice"])
    if options["input"] is None:
        return _of_campaign(options, how, chosen)
    return _of_file(options, how, chosen, in_time=in_time or how.method is Method.ELO)


def factors_asked(options: dict[str, Any]) -> Factors:
    """What the models of the source are made of."""
    if options["input"] is not None:
        from ranking.files.factors import read_factors

        return read_factors(options["input"])
    from ranking.commands import campaign_or_error
    from ranking.factors import levels_of, with_names

    competitors = campaign_or_error(options["campaign"]).competitors.values_list("name", "factors")
    return with_names({name: levels_of(factors) for name, factors in competitors})


def _of_file(options: dict[str, Any], how: Options, chosen: Slice, *, in_time: bool) -> Asked:
    dimension = options["dimension"]
    sliced = FileSlice(chosen)
    if not (in_time or _single_votes_matter(options, how)):
        by_voter = how.interval is not Interval.NONE and how.cluster is not Cluster.NONE
        without = options["without_self_identified"]
        cells, left_out = read_cells(
            options["input"],
            dimension,
            by_voter=by_voter,
            without_self_identified=without,
            chosen=sliced if chosen else None,
        )
        sliced.check()
        return Asked(cells, left_out, dimension, chosen)
    reader = None
    if how.style_control:
        from ranking.files.styles import StyleReader

        reader = StyleReader(dimension, sliced if chosen else None)
    votes, left_out = read_votes(
        options["input"],
        dimension,
        by_time=in_time,
        without_self_identified=options["without_self_identified"],
        by_inverse_probability=options["inverse_probability"],
        chosen=reader or (sliced if chosen else None),
    )
    sliced.check()
    style = reader.covariates() if reader is not None else None
    return Asked(votes, left_out, dimension, chosen, style, options["inverse_probability"])


def _single_votes_matter(options: dict[str, Any], how: Options) -> bool:
    """Whether what is asked is more than counts can tell."""
    more = options.get("preset") is not None or options.get("by") or options["inverse_probability"]
    return bool(more or how.style_control)


def _of_campaign(options: dict[str, Any], how: Options, chosen: Slice) -> Asked:
    from ranking.commands import campaign_or_error
    from ranking.comparisons import campaign_comparisons, campaign_dimensions, weighted_by_inverse_probability

    slug, dimension = options["campaign"], options["dimension"]
    campaign = campaign_or_error(slug)
    if dimension not in (known := campaign_dimensions(campaign)):
        raise CommandError(f"The ballot of {slug} does not ask {dimension!r}. It asks: {', '.join(known)}.")
    check_slice(campaign, chosen)
    found = campaign_comparisons(
        campaign, dimension, chosen=chosen, without_self_identified=options["without_self_identified"]
    )
    style = None
    if how.style_control:
        from ranking.actions.styles import ballot_styles

        style = ballot_styles(campaign=campaign, ballots=found.ballots)
    weighted = options["inverse_probability"]
    votes = weighted_by_inverse_probability(campaign, found) if weighted else found.votes
    return Asked(votes, found.left_out, dimension, chosen, style, weighted)
