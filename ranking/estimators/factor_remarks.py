"""What has to be said about an analysis of factors besides its numbers."""

from collections.abc import Sequence

from ranking.estimators.factor_design import Design, Term, label
from ranking.estimators.factor_results import LackOfFit, LevelEffect
from ranking.estimators.generalised import contrasts_of_all

NOT_ENOUGH = 0.05
"""The probability below which factors are said not to be enough."""


def factor_remarks(design: Design, effects: Sequence[LevelEffect], lack: LackOfFit | None) -> list[str]:
    """Effects that cannot be told and why, and whether the factors are enough."""
    warnings = []
    for term in design.terms:
        untold = [effect.level for effect in effects if effect.term == label(term) and effect.effect is None]
        if untold:
            warnings.append(f"These models cannot tell {_which(design, term, untold)}: {_why(design, term)}.")
    if lack is None:
        warnings.append("The factors have as many effects as the models can tell, so their fit cannot be tested.")
    elif lack.p < NOT_ENOUGH:
        warnings.append(
            f"Factors are not enough (chi-squared {lack.chi2:.1f}, {lack.df} degrees of freedom, p = {lack.p:.2g}): "
            f"besides them, models differ by about {lack.between_models:.0f} Elo. "
            "The intervals are about these models, and too narrow for others."
        )
    return warnings


def _which(design: Design, term: Term, levels: Sequence[str]) -> str:
    whole = len(levels) == sum(1 for _ in design.effects(term))
    return f"the effect of {label(term)}" if whole else f"the effects of {label(term)} = {', '.join(levels)}"


def _why(design: Design, term: Term) -> str:
    """The empty combinations that an average would need, or the factors that go together with this one."""
    for other in design.terms:
        if len(other) > 1 and set(term) & set(other):
            empty = [cell for cell, _ in design.effects(other) if not design.members(other, cell)]
            if empty:
                listed = ", ".join(
                    " with ".join(f"{n} = {v}" for n, v in zip(other, cell, strict=True)) for cell in empty[:3]
                )
                return f"no model has {listed}" + (", and other combinations are missing too" if len(empty) > 3 else "")
    partners = [label(other) for other in design.terms if other != term and _parts(design, term, other)]
    return f"it goes together with {' and '.join(partners)}" if partners else "it goes together with the other factors"


def _parts(design: Design, term: Term, other: Term) -> bool:
    """Whether a term could be told if another were not there."""
    rest = Design.of([kept for kept in design.terms if kept != other and len(kept) == 1], design.rows)
    return term in rest.terms and contrasts_of_all(rest.matrix()).tells_all(
        [contrast for _, contrast in rest.effects(term)]
    )
