"""Examples that show a base model what is wanted. Our own, in standard Basque; others can be given in a file."""

import json
from dataclasses import dataclass
from pathlib import Path

from training.exceptions import BadSource
from training.sft.turns import Messages, messages_of

ABOUT = (
    "Conversations in English, each followed by the same conversation in Basque, as JSON. The Basque is correct and "
    "natural standard Basque (euskara batua). Code, formulas, names and markup stay as they are."
)


@dataclass(frozen=True, slots=True)
class Examples:
    """A first line for the prompt, the names of both languages, and pairs of a conversation and its translation."""

    about: str
    source: str
    target: str
    pairs: tuple[tuple[Messages, Messages], ...]


def load_examples(path: Path) -> Examples:
    """Examples of a JSON file: `about`, `source` and `target` (names), `examples` (pairs of lists of role and content).

    Raises BadSource, which says what is wrong with it.
    """
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
        pairs = tuple((_messages(one), _messages(other)) for one, other in value["examples"])
        names = [value[name] for name in ("about", "source", "target")]
        if not all(isinstance(name, str) and name.strip() for name in names):
            raise ValueError("'about', 'source' and 'target' are texts")
        for number, (one, other) in enumerate(pairs, start=1):
            if _roles(one) != _roles(other):
                raise ValueError(f"the turns of example {number} and of its translation are not by the same roles")
        if not pairs:
            raise ValueError("it has no examples")
    except KeyError as error:
        raise BadSource(f"{path} cannot be used for examples: {error} is missing.") from error
    except (OSError, ValueError, TypeError) as error:
        raise BadSource(f"{path} cannot be used for examples: {error}.") from error
    return Examples(names[0], names[1], names[2], pairs)


def _messages(value: object) -> Messages:
    turns = messages_of({"messages": value})
    if isinstance(turns, str):
        raise ValueError(turns)
    return turns


def _roles(messages: Messages) -> list[str]:
    return [turn["role"] for turn in messages]


def _talk(*contents: str, system: str = "") -> Messages:
    turns = [{"role": "system", "content": system}] if system else []
    return turns + [
        {"role": ("user", "assistant")[number % 2], "content": content} for number, content in enumerate(contents)
    ]


BASQUE = Examples(
    ABOUT,
    "English",
    "Basque",
    (
        (
            _talk(
                "What is the capital of Iceland, and how many people live there?",
                "The capital of Iceland is Reykjavik. About 140,000 people live there.",
            ),
            _talk(
                "Zein da Islandiako hiriburua, eta zenbat pertsona bizi dira han?",
                "Islandiako hiriburua Reykjavik da. 140.000 pertsona inguru bizi dira han.",
            ),
        ),
        (
            _talk(
                "Write a Python function that says whether a number is even.",
                "This function returns `True` if the number is even:\n\n"
                "```python\ndef is_even(n):\n    return n % 2 == 0\n```",
            ),
            _talk(
                "Idatzi Python funtzio bat, zenbaki bat bikoitia den ala ez esaten duena.",
                "Funtzio honek `True` itzultzen du zenbakia bikoitia bada:\n\n"
                "```python\ndef is_even(n):\n    return n % 2 == 0\n```",
            ),
        ),
        (
            _talk(
                "A train travels 180 km in 2 hours. What is its average speed?",
                "Its average speed is $180 / 2 = 90$ km/h.",
                "And if it took 3 hours?",
                "Then it would be $180 / 3 = 60$ km/h.",
            ),
            _talk(
                "Tren batek 180 km egiten ditu 2 ordutan. Zein da haren batez besteko abiadura?",
                "Haren batez besteko abiadura $180 / 2 = 90$ km/h da.",
                "Eta 3 ordu behar izango balitu?",
                "Orduan, $180 / 3 = 60$ km/h izango litzateke.",
            ),
        ),
        (
            _talk(
                "Give me three tips to sleep better.",
                "1. **Go to bed at the same time** every day.\n2. Do not look at screens before going to bed.\n"
                "3. Keep the room dark and cool.",
                system="You are a helpful assistant.",
            ),
            _talk(
                "Emaizkidazu hiru aholku hobeto lo egiteko.",
                "1. **Joan ohera ordu berean** egunero.\n2. Ez begiratu pantailei oheratu aurretik.\n"
                "3. Eduki gela ilun eta fresko.",
                system="Laguntzaile atsegina zara.",
            ),
        ),
    ),
)
