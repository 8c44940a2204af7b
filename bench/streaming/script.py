"""What the scripted model server says, and how fast: known to the server and to the client that checks it."""

from dataclasses import dataclass

#: Characters a token, about what tokenizers give for Basque. All tokens are as long, so that text counts tokens.
TOKEN_CHARACTERS = 4
_SAMPLE = (
    "Euskara hizkuntza isolatua da, eta zazpi lurraldetan hitz egiten da: Araban, Bizkaian, Gipuzkoan, Lapurdin, "
    "Nafarroa Beherean, Nafarroa Garaian eta Zuberoan. Hitz ordenari dagokionez, aditza esaldiaren amaieran jartzea da "
    "ohikoena, baina galdegaiak agintzen du. "
)
TOKENS = [_SAMPLE[at : at + TOKEN_CHARACTERS] for at in range(0, len(_SAMPLE) - 3, TOKEN_CHARACTERS)]

#: Seconds from a request to the first token of a healthy model.
FIRST_TOKEN_AFTER = 0.1


@dataclass(frozen=True)
class Pace:
    """How the models of a run answer."""

    tokens: int
    rate: float
    """Tokens a second."""


def answer_of(tokens: int) -> str:
    """The whole text of an answer of so many tokens."""
    return "".join(TOKENS[index % len(TOKENS)] for index in range(tokens))
