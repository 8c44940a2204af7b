"""The tokenizer that rows are made with: loaded, checked, and kept beside them."""

import hashlib
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training.disk import writing
from training.exceptions import TrainingError
from training.sft.marking import PROBES, Marking, choose, control_tokens, unmarked
from training.sft.templates import TEMPLATES
from training.sft.tokens import of_conversation

FOLDER = "tokenizer"
"""Beside the shards: the tokenizer, with the chat template that the rows were rendered with."""


class BadTokenizer(TrainingError):
    """A tokenizer that cannot be read, or that rows cannot be made with."""


@dataclass(frozen=True, slots=True)
class Encoder:
    """A tokenizer with all that is decided about it. `marking` is None where no conversation has to be rendered."""

    tokenizer: Any
    marking: Marking | None
    end: int
    """The token that ends a plain document."""
    turn_end: int | None
    """The token that ends a turn of the assistant's, where there are conversations."""
    controls: re.Pattern[str]
    """Finds control tokens in a text."""
    sha256: str
    """Of its vocabulary and its template: two with the same make the same rows."""


def load(model: str, revision: str, *, chat_template: str, document_end: str, conversations: bool) -> Encoder:
    """The tokenizer of `model`, a folder or an id of the hub, with the file or name `chat_template` if that is given.

    Raises BadTokenizer, and CannotMark where conversations cannot be masked.
    """
    tokenizer = read_tokenizer(model, revision)
    if template := _template(tokenizer, chat_template, model, needed=conversations):
        tokenizer.chat_template = unmarked(template)
    marking = choose(tokenizer, template) if conversations else None
    controls = re.compile("|".join(map(re.escape, control_tokens(tokenizer))) or "(?!)")
    end = _end(tokenizer, document_end, model)
    return Encoder(tokenizer, marking, end, _turn_end(tokenizer, marking), controls, fingerprint(tokenizer))


def read_tokenizer(model: str, revision: str = "") -> Any:
    """Raises BadTokenizer."""
    from transformers import AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(model, revision=revision or None)
    except (OSError, ValueError, KeyError, TypeError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise BadTokenizer(f"The tokenizer of {model} cannot be read: {reason}") from error
    if not tokenizer.is_fast:
        raise BadTokenizer(
            f"The tokenizer of {model} does not say where its tokens lie in a text (it has no tokenizer.json)."
        )
    return tokenizer


def fingerprint(tokenizer: Any) -> str:
    """The SHA-256 of what decides its tokens: the vocabulary, the rules, and the chat template."""
    core = json.loads(tokenizer.backend_tokenizer.to_str())
    # Left over from whoever cut or padded last; nothing here does either.
    core["truncation"] = core["padding"] = None
    value = json.dumps([core, tokenizer.chat_template], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(value.encode()).hexdigest()


def keep(encoder: Encoder, folder: Path) -> None:
    """Write the tokenizer to FOLDER in `folder`. Raises CannotWrite."""
    kept = folder / FOLDER
    with writing(kept / "fingerprint.json") as aside:
        with disk_refusals():
            encoder.tokenizer.save_pretrained(kept)
        aside.write_text(json.dumps({"sha256": encoder.sha256}) + "\n")


@contextmanager
def disk_refusals() -> Iterator[None]:
    """Raises OSError where the tokenizers library says that the disk refuses, for which it has no class of its own."""
    try:
        yield
    except Exception as error:
        if type(error) is not Exception:
            raise
        raise OSError(str(error)) from error


def _template(tokenizer: Any, given: str, model: str, *, needed: bool) -> str:
    if given:
        return _read_template(given)
    own = tokenizer.chat_template
    if isinstance(own, dict):
        own = own.get("default")
    if not own and needed:
        raise BadTokenizer(
            f"The tokenizer of {model} has no chat template, and conversations cannot be rendered without one. "
            f"Give it by --chat-template FILE, or by a name: {', '.join(TEMPLATES)}."
        )
    return own or ""


def _read_template(given: str) -> str:
    if given in TEMPLATES:
        return TEMPLATES[given]
    try:
        return Path(given).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadTokenizer(
            f"--chat-template {given} is neither {', '.join(TEMPLATES)} nor a file that can be read: {error}."
        ) from error


def _turn_end(tokenizer: Any, marking: Marking | None) -> int | None:
    if marking is None:
        return None
    rendered = marking.render(PROBES[0])
    return of_conversation(tokenizer, rendered.text, rendered.spans).last_trained


def _end(tokenizer: Any, token: str, model: str) -> int:
    if not token:
        if tokenizer.eos_token_id is None:
            raise BadTokenizer(f"The tokenizer of {model} has no end token. Name one by --document-end TOKEN.")
        return int(tokenizer.eos_token_id)
    if token not in tokenizer.get_vocab():
        raise BadTokenizer(f"--document-end {token!r} is no token of {model}.")
    return int(tokenizer.convert_tokens_to_ids(token))
