"""Whether an answer names its model or maker, by a list of words. Pure, and in time linear in the text.

An entry stands as a whole: no letter comes before it or after it. Case does not matter, except in an entry between
quotation marks: Basque `hitz` is a word, and `HiTZ` a maker of models. A Basque ending may follow, attached as in
`OpenAIk` or after a hyphen as in `Latxa-ren`, and so may a version: `GPT` finds `GPT4` and `GPT-4o`.
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

#: What campaigns begin with, one entry a line.
DEFAULT_WORDS = """\
"Latxa"
"HiTZ"
"Llama"
"LLaMA"
Meta AI
GPT
ChatGPT
Open AI
Claude
Anthropic
Gemini
Gemma
Google
Mistral AI
Mixtral
Qwen
Alibaba Cloud
DeepSeek
Grok
Copilot
Cohere
EuroLLM
"Salamandra"
SmolLM
Hugging Face"""

_QUOTED = re.compile(r'["“”«](.+)["“”»]')
#: A word of an entry: letters, or what begins with a digit. So `GPT4o` is two words, as `GPT-4o` is.
_WORD = re.compile(r"[^\W\d_]+|\d[^\W_]*")
#: What may stand between the words of an entry: nothing, or a little of this.
_BETWEEN = r"[\s\-‐‑–_./]{0,3}"

#: The endings of Basque names: cases after a vowel, cases after a consonant, with the article.
_CASES = """
    k ri ren rekin rentzat rengan rengana rengandik rengatik gatik z n ra rako raino rantz tik ko rik tzat
    ek i en ekin entzat engan engana engandik engatik ez ean era erako eraino erantz etik eko ik
    a ak aren ari arekin arentzat az an
"""
#: What belongs to a name is declined in its turn: `Googleren` and `Googlerena`, `Googleko` and `Googlekoak`.
_OWNED = [case + article for case in ("ren", "en", "aren", "ko", "eko") for article in ("a", "ak", "ek", "ari", "az")]
_ENDING = "|".join(sorted({*_CASES.split(), *_OWNED}, key=len, reverse=True))


def parse_words(text: str) -> tuple[str, ...]:
    """The entries of a list, one a line. Raises ValueError with the first that has neither letter nor digit."""
    entries = tuple(line.strip() for line in text.splitlines() if line.strip())
    for entry in entries:
        if not _WORD.search(entry):
            raise ValueError(entry)
    return entries


def identifies_itself(text: str, entries: Iterable[str]) -> bool:
    """Whether a text names one of the entries."""
    pattern = _compiled(tuple(entries))
    return pattern is not None and pattern.search(unicodedata.normalize("NFC", text)) is not None


@lru_cache(maxsize=64)
def _compiled(entries: tuple[str, ...]) -> re.Pattern[str] | None:
    """One expression for a list, without anything unbounded in it that could be tried in many ways."""
    branches = [_branch(unicodedata.normalize("NFC", entry)) for entry in entries]
    return re.compile(rf"(?<![^\W_])(?:{'|'.join(branches)})") if branches else None


def _branch(entry: str) -> str:
    quoted = _QUOTED.fullmatch(entry)
    words = _WORD.findall(quoted.group(1) if quoted else entry)
    # After a letter a version may follow; after a digit another would be another version.
    end = r"(?![^\W_])" if words[-1][0].isdigit() else r"(?![^\W\d_])"
    branch = _BETWEEN.join(re.escape(word) for word in words) + f"(?:{_ENDING})?{end}"
    return branch if quoted else f"(?i:{branch})"
