"""Whether votes bear the ranking that is read off them.

    from ranking.diagnostics import diagnose

    found = diagnose(votes)
    print(*found.sentences(), sep="\\n")

No Django here, as in `ranking.estimators`.
"""

from ranking.diagnostics.report import Diagnostics, diagnose

__all__ = ["Diagnostics", "diagnose"]
