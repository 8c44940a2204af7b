"""The harness's clients of servers, with the checks that they lack. Imported late: the harness loads slowly."""

import asyncio
import logging
from collections.abc import Sequence
from typing import Any

import aiohttp
from lm_eval import utils
from lm_eval.models.openai_completions import LocalChatCompletion, LocalCompletionsAPI

from training.exceptions import EvaluationFailed

_log = logging.getLogger(__name__)
# It logs whole requests that failed, with the server's key in their headers.
logging.getLogger("lm_eval.models.api_models").setLevel(logging.CRITICAL)

_NO_PROMPT = "the server gives no log-probabilities of the prompt, by which answers are scored. vLLM does."


class _Tried:
    """A client of the harness that says in a line what failed."""

    async def amodel_call(self, *args: Any, **settings: Any) -> Any:
        """One request. The harness sends it again, with growing pauses, as often as it was told."""
        try:
            return await super().amodel_call(*args, **settings)  # type: ignore[misc]
        except (aiohttp.ClientError, TimeoutError, EvaluationFailed) as error:
            _log.warning("A request failed: %s", f"{type(error).__name__}: {error}".rstrip(": "))
            raise

    async def get_batched_requests(self, *args: Any, **settings: Any) -> Any:
        """All requests at once. The first that fails for good is raised; the others' ends are no news then."""
        asyncio.get_running_loop().set_exception_handler(lambda _loop, _context: None)
        return await super().get_batched_requests(*args, **settings)  # type: ignore[misc]


class ServedCompletions(_Tried, LocalCompletionsAPI):  # type: ignore[misc]
    """Completions of prompts that are sent as tokens, scored by the log-probabilities that the server echoes."""

    def tok_encode(
        self,
        string: str | Sequence[str],
        left_truncate_len: int | None = None,
        add_special_tokens: bool | None = None,
        **_kwargs: Any,
    ) -> list[Any]:
        """The tokens of a text, or of each of several, begun as the harness begins them in its own process.

        The client of the harness begins none, and those that a chat template began already it would begin twice.
        """
        if not isinstance(string, str):
            return [self.tok_encode(each, left_truncate_len, add_special_tokens) for each in string]
        begin = self.tokenizer.bos_token
        is_begun = bool(begin) and string.startswith(begin)
        wanted = self.add_bos_token if add_special_tokens is None else add_special_tokens
        tokens: list[Any] = self.tokenizer(string, add_special_tokens=wanted and not is_begun).input_ids
        return tokens[-left_truncate_len:] if left_truncate_len else tokens

    @staticmethod
    def parse_logprobs(
        outputs: Any, tokens: Sequence[Sequence[int]] = (), ctxlens: Sequence[int] = (), **_kwargs: Any
    ) -> list[tuple[float, bool]]:
        """Log-probability of each prompt from its `ctxlens` on, and whether each token of that was the likeliest.

        Raises EvaluationFailed for what is no reply to that: the harness would take it for a probability of one.
        """
        replies = outputs if isinstance(outputs, list) else [outputs]
        try:
            choices = [choice for reply in replies for choice in sorted(reply["choices"], key=lambda one: one["index"])]
            if len(choices) != len(tokens):
                raise EvaluationFailed(f"The server gave {len(choices)} completions of {len(tokens)} prompts.")
            return [
                _scored(choice["logprobs"], first, len(prompt))
                for choice, prompt, first in zip(choices, tokens, ctxlens, strict=True)
            ]
        except (KeyError, TypeError, AttributeError) as error:
            raise EvaluationFailed(f"{type(error).__name__}: {_NO_PROMPT}") from error

    def loglikelihood_rolling(self, requests: Sequence[Any], disable_tqdm: bool = False) -> list[float]:
        """The log-likelihood of whole texts, in windows no longer than the model's context; all asked at once."""
        windows = [self._windows(text) for (text,) in (request.args for request in requests)]
        flat = [(None, *window) for each in windows for window in each]
        scores = iter(self._loglikelihood_tokens(flat, disable_tqdm=disable_tqdm))
        return [sum(next(scores)[0] for _ in each) for each in windows]

    def _windows(self, text: str) -> list[tuple[list[int], list[int]]]:
        rolling = utils.get_rolling_token_windows(
            token_list=self.tok_encode(text),
            prefix_token=self.prefix_token_id,
            max_seq_len=self.max_length - 1,
            context_len=1,
        )
        return [utils.make_disjoint_window(window) for window in rolling]


class ServedChat(_Tried, LocalChatCompletion):  # type: ignore[misc]
    """Answers to messages: the server applies its chat template."""

    def parse_generations(self, outputs: Any, **_kwargs: Any) -> list[str | None]:
        """The texts of replies. Raises EvaluationFailed for what is none: the harness would take it for silence."""
        replies = outputs if isinstance(outputs, list) else [outputs]
        try:
            return [choice["message"]["content"] for reply in replies for choice in reply["choices"]]
        except (KeyError, TypeError) as error:
            raise EvaluationFailed(f"The server's reply to messages has no answer ({type(error).__name__}).") from error


def _scored(logprobs: Any, first: int, last: int) -> tuple[float, bool]:
    likelihoods = logprobs["token_logprobs"][first:last]
    likeliest = logprobs["top_logprobs"][first:last]
    if len(likelihoods) < last - first or None in likelihoods or None in likeliest:
        raise EvaluationFailed(f"Of {last - first} tokens: {_NO_PROMPT}")
    is_greedy = all(one == max(top.values()) for one, top in zip(likelihoods, likeliest, strict=True))
    return float(sum(likelihoods)), is_greedy
