"""From a conversation to the messages that a model server is sent. No Django in it."""

from collections.abc import Sequence
from typing import Literal, TypeAlias

PromptMode: TypeAlias = Literal["system", "user_turn", "none"]
"""Where a system prompt goes; the values of `inference.enums.SystemPromptMode`."""

Message: TypeAlias = dict[str, str]


def messages_for(mode: PromptMode, system_prompt: str, turns: Sequence[tuple[str, str | None]]) -> list[Message]:
    """The messages for the last of `turns`, each a prompt and its answer; the last one's answer is None.

    `mode` says what becomes of the system prompt: `system` sends it as a system message, `user_turn` puts it
    before the first prompt (for models without a system role), `none` leaves it out. A blank system prompt is
    always left out. Raises ValueError where an earlier turn has no answer, since most chat templates refuse
    two user turns in a row.
    """
    if not turns:
        raise ValueError("A conversation has at least one turn.")
    if any(answer is None for _prompt, answer in turns[:-1]) or turns[-1][1] is not None:
        raise ValueError("Every turn but the last has an answer.")
    system_prompt = system_prompt.strip()
    messages: list[Message] = []
    if system_prompt and mode == "system":
        messages.append({"role": "system", "content": system_prompt})
    for index, (prompt, answer) in enumerate(turns):
        lead = f"{system_prompt}\n\n" if index == 0 and system_prompt and mode == "user_turn" else ""
        messages.append({"role": "user", "content": lead + prompt})
        if answer is not None:
            messages.append({"role": "assistant", "content": answer})
    return messages
