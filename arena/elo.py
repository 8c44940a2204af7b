"""Online Elo: how a rating moves with each vote. Pure.

A. Elo, The Rating of Chessplayers (1978): the expected score of A is 1 / (1 + 10^((B - A) / 400)), and a rating moves
by K times the difference between score and expectation. K is 4, as in the first chatbot arenas: small, since strengths
do not change. The result depends on the order of the votes, so the published ranking is another (`ranking`).
"""

K = 4.0
INITIAL = 1000.0
_SCORES = {"a": 1.0, "b": 0.0, "tie": 0.5}


def updated(rating_a: float, rating_b: float, outcome: str) -> tuple[float, float]:
    """The two ratings after a battle. Raises KeyError where `outcome` is not a, b or tie."""
    expected = 1.0 / (1.0 + 10.0 ** ((rating_b - rating_a) / 400.0))
    change = K * (_SCORES[outcome] - expected)
    return rating_a + change, rating_b - change
