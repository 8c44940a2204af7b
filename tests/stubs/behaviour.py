"""What the scripted model server can be told to do, and what it says."""

import hashlib
import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Behaviour(StrEnum):
    """How the server answers for a model. A model named `stub-<behaviour>` behaves that way without being told."""

    OK = "ok"
    REASONING = "reasoning"
    HOSTILE = "hostile"
    """An answer full of markup that a careless page would run."""
    GOSSIP = "gossip"
    """A good answer, whose stream names the model wherever a server can, but for the text."""
    CRLF = "crlf"
    COMMENTS = "comments"
    SPLIT = "split"
    """Every byte in a write of its own, so that characters arrive split."""
    NO_USAGE = "no-usage"
    HTTP_500 = "http-500"
    """The error's body names the model, as real servers do."""
    HTTP_429 = "http-429"
    QUOTES = "quotes"
    """Refused with a 500 whose body quotes the prompt."""
    HTTP_400 = "http-400"
    """As for a conversation that is too long."""
    DISCONNECT = "disconnect"
    """The connection is closed instead of any reply."""
    SLOW = "slow"
    """Nothing for `pause` seconds, then a good answer."""
    SILENCE = "silence"
    """Three tokens, then nothing for `pause` seconds."""
    DRIP = "drip"
    """Three tokens, then only comments that keep the connection alive."""
    LINGERS = "lingers"
    """A good answer to its finish reason, then only comments and empty events."""
    CUT = "cut"
    """Three tokens, then the connection breaks."""
    ENDS_EARLY = "ends-early"
    """Three tokens, then the stream ends in good order, without a finish reason."""
    GARBAGE = "garbage"
    ERROR_EVENT = "error-event"
    JSON = "json"
    HTML = "html"
    EMPTY = "empty"
    HIDDEN = "hidden"
    """All tokens that were allowed went into what is not shown."""
    ENDLESS = "endless"
    HUGE_EVENT = "huge-event"


FAST_BUT_SEEN = 200.0
"""Tokens a second: an answer takes long enough to be stopped, and short enough for a test."""


@dataclass
class Script:
    """What the server is told; the control endpoint sets these by name."""

    behaviours: dict[str, Behaviour] = field(default_factory=dict)
    models: list[str] = field(default_factory=lambda: ["stub-a", "stub-b"])
    models_status: int = 200
    """With which HTTP status it lists them."""
    tokens_per_second: float = FAST_BUT_SEEN
    pause: float = 30.0
    text: str = ""
    """Said instead of the samples where it is not blank."""
    texts: list[str] = field(default_factory=list)
    """Said in turn, one a request, instead of all else where there are any."""
    metrics: str = ""
    """What `/metrics` says; blank, there is no such page."""

    def behaviour_of(self, model: str) -> Behaviour:
        """What is set for `model`, else what its name says, else a good answer."""
        named = model.removeprefix("stub-")
        if model in self.behaviours:
            return self.behaviours[model]
        return Behaviour(named) if named in set(Behaviour) else Behaviour.OK


SAMPLES = (
    "**Kaixo!** Euskara hizkuntza isolatua da, eta *zazpi* lurraldetan hitz egiten da.\n\n"
    "- Araba, Bizkaia eta Gipuzkoa\n- Lapurdi, Baxenabarre eta Zuberoa\n- Nafarroa\n\nBesterik jakin nahi duzu?",
    "Bai, noski. Hona hemen adibide bat:\n\n```python\ndef agurtu(izena):\n    return f\"Kaixo, {izena}!\"\n```\n\n"
    "Kode horrek agur bat itzultzen du 🙂.",
    "| Hiria | Lurraldea |\n|---|---|\n| Bilbo | Bizkaia |\n| Iruñea | Nafarroa |\n| Baiona | Lapurdi |\n\n"
    "Hiru hiri horiek ibai baten ondoan daude.",
    "Marmitakoa egiteko:\n\n1. Zuritu patatak eta **kraskatu**.\n2. Egosi tipula, piperra eta txorizero-mamia.\n"
    "3. Gehitu hegaluzea azken unean.\n\n> Sutik kanpo utzi bost minutuz.",
)  # fmt: skip

HOSTILE_TEXT = (
    'Kaixo <img src=x onerror="window.hacked=1"> eta <script>window.hacked=1</script>\n\n'
    "[sakatu hemen](javascript:window.hacked=1) <a href=\"javascript:window.hacked=1\" onclick=\"window.hacked=1\">edo"
    " hemen</a>\n\n<style>body{display:none}</style><iframe src=\"https://example.com\"></iframe>\n\n"
    "![irudia](https://example.com/spy.png) <svg onload=window.hacked=1>\n"
)  # fmt: skip


def answer_text(script: Script, model: str, messages: list[dict[str, Any]]) -> str:
    """The same text for the same model and conversation, always."""
    if script.behaviour_of(model) is Behaviour.HOSTILE:
        return HOSTILE_TEXT
    if script.texts:
        script.texts.append(script.texts.pop(0))
        return script.texts[-1]
    if script.text:
        return script.text
    digest = hashlib.sha256(repr((model, messages)).encode()).digest()
    return SAMPLES[digest[0] % len(SAMPLES)]


def tokens_of(text: str) -> list[str]:
    """Cut `text` into words with the space before them; joined, they are the text again."""
    return re.findall(r"\s*\S+|\s+$", text)
