"""The columns of a file of battles, in their order."""

#: Those of the public HiTZ/ebaluatoia data set, under its names.
PUBLIC = (
    "id",
    "username",
    "user_language",
    "user_education",
    "timestamp",
    "model_a",
    "model_b",
    "conv_a",
    "conv_b",
    "winner",
    "winner_content",
    "winner_language",
)
#: Ours, which come after.
FURTHER = (
    "campaign",
    "matchup",
    "voter_kind",
    "language",
    "started",
    "pairing_policy",
    "draw_probability",
    "factors_a",
    "factors_b",
    "choices",
    "reasons",
    "comment",
    "self_identified_a",
    "self_identified_b",
    "n_turns",
    "turns",
    "prompt_language",
    "prompt_language_source",
    "category",
    "category_source",
)
ALL = PUBLIC + FURTHER
#: What a vote of a file counts for, where it has this column; our own files have none.
WEIGHT = "weight"
#: Columns that hold lists or objects; in CSV and (but for the conversations) Parquet they are JSON texts.
NESTED = frozenset({"conv_a", "conv_b", "factors_a", "factors_b", "choices", "reasons", "turns"})
CONVERSATIONS = ("conv_a", "conv_b")

WINNERS = {"model_a": "a", "model_b": "b", "tie": "tie"}
WINNER_NAMES = {outcome: name for name, outcome in WINNERS.items()}


def winner_column(dimension: str) -> str:
    """The column that holds the winner in a dimension."""
    return "winner" if dimension == "overall" else f"winner_{dimension}"
