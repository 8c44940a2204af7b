"""Which of the names under which scores were imported are a competitor's."""

from collections.abc import Collection
from pathlib import PurePosixPath

from arena.models import Competitor


def names_of(competitor: Competitor) -> tuple[str, ...]:
    """The names that scores of a competitor may have, the likeliest first: its own, then those of its served model.

    The latter also without the owner, as in `owner/name`.
    """
    served = competitor.served_model
    names = [competitor.name, *((served.name, served.model_name) if served is not None else ())]
    return tuple(dict.fromkeys(part for name in names for part in (name, PurePosixPath(name).name)))


def backbone_of(competitor: Competitor) -> str:
    """The name of the model that a competitor was trained from; "" where nobody has said, or it is the model itself."""
    name = competitor.base or str(competitor.factors.get("backbone") or "")
    return "" if name in names_of(competitor) else name


def first_of(names: Collection[str], known: Collection[str]) -> str:
    """The first of the names that is known; "" where none is."""
    return next((name for name in names if name in known), "")
