"""Models as the harness asks them."""

import asyncio
from dataclasses import dataclass
from typing import Any

import aiohttp

from training.asking import Api
from training.benchmarks.models import InProcess, Named, Served
from training.exceptions import EvaluationFailed

_SERVERS_DEFAULT_LENGTH = 2048
_SECONDS = 15


@dataclass(slots=True)
class Opened:
    """A model that can be asked. `scores` is a `lm_eval.api.model.LM`; `writes` another, where texts come otherwise."""

    scores: Any
    writes: Any
    kind: str
    arguments: dict[str, Any]


def open_model(named: Named, *, with_template: bool) -> Opened:
    """Load a model, or see that its server is there. Raises EvaluationFailed."""
    if isinstance(named.source, InProcess):
        return _load(named.source)
    return _connect(named.source, with_template=with_template)


def _load(source: InProcess) -> Opened:
    import torch

    from training.benchmarks.in_process import LocalModel

    has_gpu = torch.cuda.is_available()
    arguments: dict[str, Any] = {
        "pretrained": source.path,
        "revision": source.revision or "main",
        "device": source.device or ("cuda" if has_gpu else "cpu"),
        "dtype": source.dtype or ("bfloat16" if has_gpu else "float32"),
        "parallelize": source.parallelize,
    }
    optional = {"peft": source.adapter, "tokenizer": source.tokenizer, "max_length": source.max_length}
    arguments |= {name: value for name, value in optional.items() if value}
    try:
        model = LocalModel(batch_size=source.batch_size, **arguments)
    except ModuleNotFoundError:
        raise
    except Exception as error:
        # A broken file of weights, a wrong adapter or too small a card: each library has errors of its own for it.
        reason = f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0]}".rstrip(".")
        raise EvaluationFailed(f"{source.adapter or source.path} cannot be loaded: {reason}.") from error
    return Opened(model, model, "hf", arguments)


def _connect(source: Served, *, with_template: bool) -> Opened:
    from training.benchmarks.served import ServedChat, ServedCompletions

    api = source.api
    # An empty header would make the client of the harness send the key of another service.
    headers = {"Authorization": f"Bearer {api.key}"} if api.key else {"Accept": "application/json"}
    length = source.max_length or _context(api, headers)
    common: dict[str, Any] = {
        "model": api.model,
        "num_concurrent": max(api.at_once, 2),
        "max_retries": api.attempts,
        "timeout": int(api.timeout),
        "max_length": length,
        "header": headers,
    }
    base = api.base_url.rstrip("/")
    completions = {"base_url": f"{base}/completions", "tokenizer": source.tokenizer or api.model}
    try:
        scores = ServedCompletions(tokenizer_backend="huggingface", **completions, **common)
    except (OSError, ValueError) as error:
        raise EvaluationFailed(f"The tokenizer {completions['tokenizer']} cannot be loaded: {error}.") from error
    writes = ServedChat(base_url=f"{base}/chat/completions", **common) if with_template else scores
    told = {"model": api.model, **completions, "max_length": length}
    return Opened(scores, writes, "local-completions", told)


def _context(api: Api, headers: dict[str, str]) -> int:
    """The longest context of a served model, in tokens, as its server says; vLLM does. Raises EvaluationFailed."""
    models = {str(model.get("id")): model for model in asyncio.run(_models(api, headers))}
    if api.model not in models:
        raise EvaluationFailed(
            f"The server at {api.base_url} has no model {api.model!r}. It has: {', '.join(models) or 'none'}."
        )
    model = models[api.model]
    # An adapter is served within its base's context.
    length = model.get("max_model_len") or models.get(str(model.get("parent")), {}).get("max_model_len")
    return int(length or _SERVERS_DEFAULT_LENGTH)


async def _models(api: Api, headers: dict[str, str]) -> list[dict[str, Any]]:
    url = f"{api.base_url.rstrip('/')}/models"
    timeout = aiohttp.ClientTimeout(total=_SECONDS)
    try:
        async with aiohttp.ClientSession(timeout=timeout, headers=headers) as session, session.get(url) as reply:
            reply.raise_for_status()
            models: list[dict[str, Any]] = (await reply.json(content_type=None))["data"]
            return models
    except (aiohttp.ClientError, TimeoutError, ValueError, KeyError, TypeError) as error:
        reason = f"{type(error).__name__}: {error}".rstrip(": .")
        raise EvaluationFailed(f"The server at {api.base_url} does not tell its models ({reason}).") from error
