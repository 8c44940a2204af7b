"""The engine of `--engine hf`: transformers in this process, one text after the other.

Slow and exact: a text depends on its seed alone, on the same machine with as many threads.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from training.asking import Told
from training.generation.engines import EngineFailed, Request, Sampled
from training.generation.sampling import Sampling

_LOOK_BACK = 16
"""Tokens in which a stop text is looked for after each step."""


@dataclass(frozen=True, slots=True)
class InProcessEngine:
    """A model that is loaded here."""

    model: Any
    ends: frozenset[int]
    """The end tokens that its configuration names."""
    decode: Callable[[list[int]], str]

    def sample(self, requests: Sequence[Request], sampling: Sampling, told: Told) -> list[Sampled]:
        sampled = []
        for request in requests:
            sampled.append(self._sample(request, sampling))
            told(1)
        return sampled

    def _sample(self, request: Request, sampling: Sampling) -> Sampled:
        import torch

        ends = sorted(self.ends | set(sampling.stop_tokens))
        prompt = torch.tensor([list(request.tokens or ())], device=self.model.device)
        with torch.random.fork_rng(enabled=True), torch.inference_mode():
            torch.manual_seed(request.seed)
            output = self.model.generate(
                prompt,
                attention_mask=torch.ones_like(prompt),
                generation_config=_settings(sampling, request.max_tokens, ends),
                logits_processor=[FirstTokenBan(sampling.banned_first, prompt.shape[1])],
                stopping_criteria=[StopTexts(sampling.stop, prompt.shape[1], self.decode)],
            )
        new = output[0, prompt.shape[1] :].tolist()
        text = self.decode(new)
        stopped = new[-1] in ends or any(stop in text for stop in sampling.stop)
        return Sampled(text, bool(stopped), len(new))


@dataclass(frozen=True, slots=True)
class FirstTokenBan:
    """A logits processor: some tokens cannot come first. `start` is the length of the prompt."""

    tokens: tuple[int, ...]
    start: int

    def __call__(self, input_ids: Any, scores: Any) -> Any:
        if not self.tokens or input_ids.shape[1] > self.start:
            return scores
        scores = scores.clone()
        scores[:, list(self.tokens)] = -float("inf")
        return scores


@dataclass(frozen=True, slots=True)
class StopTexts:
    """A stopping criterion: the new text holds one of some texts."""

    texts: tuple[str, ...]
    start: int
    decode: Callable[[list[int]], str]

    def __call__(self, input_ids: Any, scores: Any, **_more: Any) -> Any:
        import torch

        recent = self.decode(input_ids[0, max(self.start, input_ids.shape[1] - _LOOK_BACK) :].tolist())
        return torch.tensor([any(text in recent for text in self.texts)], device=input_ids.device)


def load(model: str, revision: str, dtype: str, decode: Callable[[list[int]], str]) -> InProcessEngine:
    """Load a model onto the GPUs there are, or the CPU. Raises EngineFailed."""
    import torch
    from transformers import AutoModelForCausalLM, GenerationConfig
    from transformers.utils.logging import disable_progress_bar

    # There are two bars already.
    disable_progress_bar()
    on_gpu = torch.cuda.is_available()
    kind = dtype if dtype != "auto" else ("auto" if on_gpu else "float32")
    try:
        loaded = AutoModelForCausalLM.from_pretrained(
            model, revision=revision or None, dtype=kind, device_map="auto" if on_gpu else None
        )
    except Exception as error:
        # What readers of models raise has no base in common.
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise EngineFailed(f"The model {model} cannot be loaded: {reason}") from error
    loaded.eval()
    ends = loaded.generation_config.eos_token_id
    # Else its own settings, such as top_k, would be mixed with ours.
    loaded.generation_config = GenerationConfig()
    named = ends if isinstance(ends, list) else [] if ends is None else [ends]
    return InProcessEngine(loaded, frozenset(named), decode)


def _settings(sampling: Sampling, max_tokens: int, ends: list[int]) -> Any:
    from transformers import GenerationConfig

    common = {"max_new_tokens": max_tokens, "eos_token_id": ends or None, "pad_token_id": ends[0] if ends else 0}
    if sampling.temperature == 0:
        return GenerationConfig(do_sample=False, **common)
    return GenerationConfig(do_sample=True, temperature=sampling.temperature, top_p=sampling.top_p, top_k=0, **common)
