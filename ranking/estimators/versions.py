"""What computed a ranking."""

from importlib.metadata import version

ALGORITHM = 2
"""Raised whenever the same votes and options would give other digits than before."""


def software() -> str:
    """The estimators' own version and those of the libraries whose numbers they pass on."""
    libraries = " ".join(f"{name} {version(name)}" for name in ("choix", "numpy", "scipy"))
    return f"lehia-ranking {ALGORITHM} {libraries}"
