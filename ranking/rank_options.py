"""The estimators' options as arguments of management commands."""

from argparse import ArgumentParser
from collections.abc import Mapping
from dataclasses import fields
from enum import StrEnum
from typing import Any

from ranking.estimators.options import ELO_K, Cluster, Interval, Method, Options, Ties


def add_rank_options(parser: ArgumentParser) -> None:
    """All that `Options` takes, under its names."""
    parser.add_argument("--method", choices=_values(Method), default=Method.BRADLEY_TERRY.value)
    parser.add_argument("--interval", choices=_values(Interval), help="default: sandwich; bootstrap for elo")
    parser.add_argument("--rounds", type=int, default=1000, help="bootstrap resamples (default: 1000)")
    parser.add_argument("--level", type=float, default=0.95, help="of the intervals (default: 0.95)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--cluster", choices=_values(Cluster), help="default: voter where voters are known")
    parser.add_argument(
        "--ties", choices=_values(Ties), default=Ties.HALF.value, help="of bradley-terry (default: half a win)"
    )
    parser.add_argument(
        "--side-effect", action="store_true", help="estimate the advantage of being shown as A with the ratings"
    )
    parser.add_argument(
        "--style-control",
        action="store_true",
        help="hold tokens, headings, lists, bold and the share of Basque equal; needs the conversations",
    )
    parser.add_argument(
        "--regularisation",
        type=float,
        default=0.0,
        metavar="VOTES",
        help="fictitious votes of each model, half of them won, spread over the others (default: 0)",
    )
    parser.add_argument("--anchor", metavar="MODEL", help="hold this model at a rating (default: the mean at 1000)")
    parser.add_argument("--anchor-rating", type=float, default=1000.0, metavar="RATING", help="default: 1000")
    parser.add_argument("--elo-k", type=float, default=ELO_K, metavar="K", help=f"default: {ELO_K:g}")
    parser.add_argument(
        "--elo-orders", type=int, metavar="N", help="average Elo over N random orders (default: the order of the votes)"
    )


def rank_options(parsed: Mapping[str, Any]) -> Options:
    """What was asked. Raises `EstimationError` where it cannot be, or does not go together."""
    return Options(**{field.name: parsed[field.name] for field in fields(Options)})


def _values(choices: type[StrEnum]) -> list[str]:
    """As plain texts: argparse shows them as they are where another one was given."""
    return [choice.value for choice in choices]
