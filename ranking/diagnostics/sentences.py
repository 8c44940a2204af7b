"""Diagnostics in English, for the terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ranking.diagnostics.influence import LARGEST_SHARE, Removal
from ranking.diagnostics.needed import POWER

if TYPE_CHECKING:
    from ranking.diagnostics.report import Diagnostics

MOST_NAMES = 10


def sentences_of(found: Diagnostics) -> Iterator[str]:
    """One diagnostic after the other, in the order of `Diagnostics`."""
    yield from _connectivity(found)
    if not found.connectivity.votes:
        return
    yield from _balance(found)
    yield from _side(found)
    yield from _cycles(found)
    yield from _agreement(found)
    yield from _fit(found)
    yield from _separability(found)
    yield from _influence(found)


def _connectivity(found: Diagnostics) -> Iterator[str]:
    shape = found.connectivity
    if not shape.votes:
        yield "There are no votes to look at."
        return
    yield (
        f"{shape.votes} votes on {shape.pairs_met} of {shape.pairs_possible} pairs of {shape.models} models; "
        f"{shape.fewest_votes_model} has fewest, {shape.fewest_votes}."
    )
    if shape.components > 1:
        yield f"The models fall into {shape.components} groups that never met: ranks hold within a group only."
    if shape.unrated:
        yield f"Without a finite rating: {_names(shape.unrated)}."


def _balance(found: Diagnostics) -> Iterator[str]:
    balance = found.balance
    drawn = "" if balance.pairs.p is None else f" Pairs drawn alike would differ so much with p {_p(balance.pairs.p)}."
    yield f"Votes on a pair: {balance.fewest} to {balance.most}.{drawn}"
    if balance.sides.p is not None and balance.least_share_as_a is not None and balance.most_share_as_a is not None:
        yield (
            f"Models are shown as A in {balance.least_share_as_a:.1%} to {balance.most_share_as_a:.1%} of their votes. "
            f"Sides drawn fairly would differ so much with p {_p(balance.sides.p)}."
        )


def _side(found: Diagnostics) -> Iterator[str]:
    effect = found.side_effect.effect
    if effect is None:
        yield f"The effect of the side cannot be estimated: {found.side_effect.why_not}."
        return
    text = f"Being shown as A is worth {effect.value:+.1f} Elo"
    if effect.ci_low is not None and effect.ci_high is not None and effect.p is not None:
        text += f" ({found.level * 100:g}% interval {effect.ci_low:+.1f} to {effect.ci_high:+.1f}, p {_p(effect.p)})"
    yield text + "."


def _cycles(found: Diagnostics) -> Iterator[str]:
    cycles = found.intransitivity
    if not cycles.triples:
        yield "No three models have all met one another, so there are no cycles to look for."
        return
    text = f"Cycles (x beats y beats z beats x): {cycles.cyclic} of {cycles.triples} triples"
    if cycles.expected is not None and cycles.p is not None:
        text += f"; {cycles.expected:.1f} are expected by chance, as many or more with p {_p(cycles.p)}"
    yield text + "."


def _agreement(found: Diagnostics) -> Iterator[str]:
    agreement = found.agreement
    if agreement.between_share is None:
        yield "No two voters judged the same pair, so how far they agree is not known."
    else:
        text = f"Two voters on the same pair agree in {agreement.between_share:.1%} of {agreement.between} cases"
        if agreement.expected_share is not None:
            text += f" (the fitted model expects {agreement.expected_share:.1%})"
        yield text + (
            "." if agreement.alpha is None else f"; Krippendorff's alpha of all votes is {agreement.alpha:.3f}."
        )
    if agreement.within_share is not None:
        yield f"A voter's own votes on the same pair agree in {agreement.within_share:.1%} of {agreement.within} cases."


def _fit(found: Diagnostics) -> Iterator[str]:
    fit = found.goodness_of_fit
    if fit is None:
        yield "No model could be fitted to how these votes end, so its fit is not tested."
        return
    if fit.p is None:
        yield f"The votes leave nothing over to test the fit of {fit.method} with."
        return
    freedom = f"{fit.df} degrees of freedom"
    yield f"Fit of {fit.method}: deviance {fit.deviance:.1f} on {freedom}, p {_p(fit.p)} by simulation."
    for pair in fit.worst[:1]:
        yield (
            f"Least well explained: {pair.model_a} won {pair.measured:.1%} of {pair.votes} votes against "
            f"{pair.model_b}, where {pair.expected:.1%} are expected."
        )


def _separability(found: Diagnostics) -> Iterator[str]:
    counts = found.separability
    if counts.pairs:
        yield (
            f"Of {counts.pairs} pairs, {counts.max_t} are told apart (max-t, corrected for all pairs; Holm "
            f"{counts.holm}). Each difference by itself would separate {counts.uncorrected}, intervals that do not "
            f"overlap {counts.overlap}."
        )
    for needed in found.needed:
        if needed.told_apart:
            continue
        if needed.of_the_pair is None:
            yield f"No number of votes tells {needed.better} and {needed.worse} apart: they are level."
            continue
        yield (
            f"To tell {needed.better} from {needed.worse} ({needed.difference:+.1f} Elo) with probability {POWER:g}: "
            f"{needed.of_the_pair} more votes on the two, or {needed.as_so_far} spread as so far."
        )


def _influence(found: Diagnostics) -> Iterator[str]:
    influence = found.influence
    if influence.why_not is not None:
        yield f"Influence on the first place was not looked for: {influence.why_not}."
        return
    for removal, kind, why_not in (
        (influence.votes, "votes", None),
        (influence.voters, "voters", influence.why_not_voters),
    ):
        if removal is not None:
            yield _removal(removal, kind)
        elif why_not is not None:
            yield f"Influence of voters was not looked for: {why_not}."
        else:
            yield f"No {LARGEST_SHARE:.0%} of the {kind} were found without which {influence.leader} is not first."


def _removal(removal: Removal, kind: str) -> str:
    text = f"Without {removal.removed} {kind} ({removal.share:.2%}"
    text += ")" if kind == "votes" else f", with {removal.votes} votes)"
    text += f" {removal.challenger} stands above {removal.leader}"
    if not removal.voters:
        return text + "."
    names = [f"{name} ({count})" for name, count in removal.voters]
    return f"{text}. They are {'of ' if kind == 'votes' else ''}{_names(names)}."


def _names(names: tuple[str, ...] | list[str]) -> str:
    more = len(names) - MOST_NAMES
    return ", ".join(names[:MOST_NAMES]) + (f" and {more} more" if more > 0 else "")


def _p(value: float) -> str:
    return "below 0.001" if value < 0.001 else f"{value:.3f}"
