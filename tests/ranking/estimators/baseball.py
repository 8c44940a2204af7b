"""American League baseball, 1987: Agresti, Categorical Data Analysis (2nd ed., 2002), tables 10.10 and 10.11."""

TEAMS = ["Milwaukee", "Detroit", "Toronto", "New York", "Boston", "Cleveland", "Baltimore"]

#: (won, lost) by the row's team at home against the column's.
AT_HOME = [
    [None, (4, 3), (4, 2), (4, 3), (6, 1), (4, 2), (6, 0)],
    [(3, 3), None, (4, 2), (4, 3), (6, 0), (6, 1), (4, 3)],
    [(2, 5), (4, 3), None, (2, 4), (4, 3), (4, 2), (6, 0)],
    [(3, 3), (5, 1), (2, 5), None, (4, 3), (4, 2), (6, 1)],
    [(5, 1), (2, 5), (3, 3), (4, 2), None, (5, 2), (6, 0)],
    [(2, 5), (3, 3), (3, 4), (4, 3), (4, 2), None, (2, 4)],
    [(2, 5), (1, 5), (1, 6), (2, 4), (1, 6), (3, 4), None],
]

#: His estimates with the advantage of playing at home, Baltimore at 0 (section 10.6.2; more digits in the vignette of
#: Turner and Firth's BradleyTerry2, which fits the same data). The standard error is that of the likelihood.
WITH_HOME = {
    "Milwaukee": 1.6196,
    "Detroit": 1.4754,
    "New York": 1.2813,
    "Toronto": 1.3271,
    "Boston": 1.1438,
    "Cleveland": 0.7047,
    "Baltimore": 0.0,
}
HOME, HOME_ERROR = 0.3023, 0.1309


def games() -> list[tuple[str, str, str]]:
    """One row per game, the home side as A."""
    rows = []
    for home, line in enumerate(AT_HOME):
        for away, games in enumerate(line):
            for outcome, count in zip("ab", games or (0, 0), strict=True):
                rows += [(TEAMS[home], TEAMS[away], outcome)] * count
    return rows
