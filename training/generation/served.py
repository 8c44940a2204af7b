"""The engine of `--engine openai`: any server that knows OpenAI's `completions`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from training.asking import Api, AskingFailed, Reply, Told, ask
from training.generation.engines import Request, Sampled
from training.generation.sampling import Sampling


@dataclass(frozen=True, slots=True)
class ServedEngine:
    """A served model.

    Servers have no way to ban a first token alone. Headings are drawn again (`training.generation.rows`), which with
    `top_p` 1 gives the same distribution: what is left of the model's, made up to one again.
    """

    api: Api

    def sample(self, requests: Sequence[Request], sampling: Sampling, told: Told) -> list[Sampled]:
        if not requests:
            return []
        path = "chat/completions" if requests[0].is_user_turn else "completions"
        replies = ask(self.api, path, [_body(request, sampling) for request in requests], told=told)
        return [_sampled(reply) for reply in replies]


def _body(request: Request, sampling: Sampling) -> dict[str, Any]:
    body: dict[str, Any] = {
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "max_tokens": request.max_tokens,
        "seed": request.seed,
    }
    if sampling.stop:
        body["stop"] = list(sampling.stop)
    if request.is_user_turn:
        return body | {"messages": [{"role": "user", "content": request.text}]}
    if request.tokens is None:
        # The text has its first token already, where the model has one. Servers other than vLLM ignore this.
        return body | {"prompt": request.text, "add_special_tokens": False}
    if sampling.stop_tokens:
        body["stop_token_ids"] = list(sampling.stop_tokens)
    return body | {"prompt": list(request.tokens)}


def _sampled(reply: Reply | AskingFailed) -> Sampled:
    if isinstance(reply, AskingFailed):
        return Sampled("", False, failure=str(reply))
    return Sampled(reply.text, reply.finish_reason != "length", reply.completion_tokens)
