"""What came of a row: whether a reply is a translation of it that can be used."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from training.asking import AskingFailed, Reply
from training.sft.turns import Messages
from training.translation.repairing import parse


class Status(StrEnum):
    """The first two are translations; rows with any other keep only their id."""

    OK = "ok"
    REPAIRED = "repaired"
    BROKEN = "broken"
    WRONG_ROLES = "wrong_roles"
    WRONG_LANGUAGE = "wrong_language"
    TOO_LONG = "too_long"
    FAILED = "failed"

    @property
    def is_usable(self) -> bool:
        return self in (Status.OK, Status.REPAIRED)


@dataclass(frozen=True, slots=True)
class Verdict:
    """`messages` where the status is usable. `share`: how much of it is in the wanted language, if that can be told."""

    status: Status
    messages: Messages | None = None
    reason: str = ""
    share: float | None = None


ShareOf = Callable[[str], float | None]
"""How much of a text is in the wanted language, from 0 to 1; None where there is too little to judge."""


def judge(source: Messages, reply: Reply | AskingFailed, share_of: ShareOf, *, min_share: float) -> Verdict:
    """Whether `reply` is `source` in the wanted language: readable, by the same roles in order, nothing left empty."""
    if isinstance(reply, AskingFailed):
        return Verdict(Status.FAILED, reason=str(reply))
    parsed = parse(reply.text)
    roles = [turn["role"] for turn in source]
    if parsed.messages is None or [turn["role"] for turn in parsed.messages] != roles:
        return _unusable(parsed.messages, roles, reply)
    for number, (one, other) in enumerate(zip(source, parsed.messages, strict=True), start=1):
        if one["content"].strip() and not other["content"].strip():
            return Verdict(Status.BROKEN, reason=f"turn {number} is empty")
    share = _least(parsed.messages, share_of)
    if share is not None and share < min_share:
        return Verdict(Status.WRONG_LANGUAGE, reason=f"share {share:.2f}", share=share)
    return Verdict(Status.REPAIRED if parsed.is_repaired else Status.OK, parsed.messages, share=share)


def _unusable(messages: Messages | None, roles: list[str], reply: Reply) -> Verdict:
    if reply.finish_reason == "length":
        return Verdict(Status.TOO_LONG, reason=f"cut off after {reply.completion_tokens} tokens")
    if messages is None:
        return Verdict(Status.BROKEN, reason="no JSON that can be repaired")
    found = ", ".join(turn["role"][:20] for turn in messages[: len(roles) + 1])
    return Verdict(Status.WRONG_ROLES, reason=f"{len(messages)} turns ({found}), not {len(roles)}")


def _least(messages: Messages, share_of: ShareOf) -> float | None:
    """The share of the role that has less of it, so that a short answer left in English shows beside its question."""
    shares = []
    for role in ("user", "assistant"):
        text = "\n".join(turn["content"] for turn in messages if turn["role"] == role)
        if (share := share_of(text)) is not None:
            shares.append(share)
    return min(shares, default=None)
