"""The stage: from settings to a plan, and from the plan to shards."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from training.asking import Told
from training.exceptions import TrainingError
from training.generation import in_process, offline
from training.generation.chats import Chat, chat_of
from training.generation.engines import Engine
from training.generation.prompts import Prompts
from training.generation.rows import Order, make_rows
from training.generation.served import ServedEngine
from training.generation.settings import EngineKind, Settings
from training.generation.tokens import Tokens, tokens_of
from training.manifests import Plan
from training.revisions import revision_of
from training.sft.tokenizers import BadTokenizer, read_tokenizer
from training.stages import Made

STAGE = "magpie_generate"


@dataclass(frozen=True, slots=True)
class Generation:
    """A stage that is ready to run."""

    plan: Plan
    settings: Settings
    order: Order
    prompts: Prompts
    rows_per_shard: int

    def make(self, wanted: set[int], *, engine_python: Path, log: Path, told: Told) -> Iterator[tuple[int, Made]]:
        """The wanted shards. The model is loaded for the first of them."""
        with self._engine(engine_python, log) as engine:
            for number in sorted(wanted):
                yield number, make_rows(self.numbers(number), self.order, self.prompts, engine, told)

    def numbers(self, shard: int) -> range:
        """The rows of a shard, from 0."""
        first = shard * self.rows_per_shard
        return range(first, min(first + self.rows_per_shard, self.settings.total))

    def _engine(self, python: Path, log: Path) -> AbstractContextManager[Engine]:
        settings = self.settings
        if settings.engine is EngineKind.OPENAI:
            assert settings.api is not None
            return nullcontext(ServedEngine(settings.api))
        assert self.prompts.tokens is not None
        decode = self.prompts.tokens.decode
        if settings.engine is EngineKind.HF:
            return _loaded(settings, self.prompts)
        return offline.started(_vllm_arguments(settings), python=python, log=log, decode=decode)


def generation_of(settings: Settings, *, rows_per_shard: int, skip_bad: bool) -> Generation:
    """Read the tokenizer and decide all. Raises TrainingError."""
    settings.checked()
    prompts = _prompts(settings)
    if not prompts.for_instruction(0, 1):
        raise TrainingError(
            f"What stands before the user's turn fills the context of {settings.context} tokens: give a larger "
            "--context."
        )
    stops, headings = prompts.ends, prompts.headings
    settings = replace(
        settings,
        instruction=settings.instruction.with_tokens(stops, headings),
        answer=settings.answer.with_tokens(stops, headings),
    )
    is_served = settings.engine is EngineKind.OPENAI
    revision = settings.revision if is_served else revision_of(settings.model, settings.revision)
    decides = _arguments(settings, prompts)
    plan = Plan(
        stage=STAGE,
        arguments=decides | {"total": settings.total, "rows_per_shard": rows_per_shard},
        shards=-(-settings.total // rows_per_shard),
        model=settings.model,
        revision=revision,
        seed=settings.seed,
    )
    name = _name(settings.model)
    order = Order(
        model=name,
        engine=str(settings.engine),
        task=settings.task,
        seed=settings.seed,
        instruction=settings.instruction,
        answer=settings.answer,
        identity=_digest([name, revision, settings.seed, decides]),
        sanitize=settings.sanitize,
        tries=settings.tries,
        skip_bad=skip_bad,
    )
    return Generation(plan, settings, order, prompts, rows_per_shard)


def _prompts(settings: Settings) -> Prompts:
    if not settings.has_tokenizer:
        return Prompts(settings.prefix, None, None, settings.context)
    name = settings.tokenizer or settings.model
    revision = "" if settings.tokenizer else settings.revision
    try:
        tokens = tokens_of(read_tokenizer(name, revision), name)
    except BadTokenizer as error:
        if settings.engine is not EngineKind.OPENAI:
            raise
        raise TrainingError(
            f"{error} It is needed to know where the user speaks: name the folder or the hub's id by --tokenizer, or "
            "give the text before the user's turn by --prefix."
        ) from error
    chat = _chat(settings, tokens)
    return Prompts(settings.prefix or chat.prefix, chat, tokens, settings.context)


def _chat(settings: Settings, tokens: Tokens) -> Chat:
    return chat_of(
        tokens.render, bos=tokens.bos, system=settings.system, keep_default_system=settings.keep_default_system
    )


@contextmanager
def _loaded(settings: Settings, prompts: Prompts) -> Iterator[Engine]:
    assert prompts.tokens is not None
    yield in_process.load(settings.model, settings.revision, settings.dtype, prompts.tokens.decode)


def _vllm_arguments(settings: Settings) -> dict[str, Any]:
    return {
        "model": settings.model,
        "tokenizer": settings.tokenizer or settings.model,
        "revision": settings.revision or None,
        "dtype": settings.dtype,
        "max_model_len": settings.context,
        "seed": 0,
        **settings.engine_arguments,
    }


def _arguments(settings: Settings, prompts: Prompts) -> dict[str, Any]:
    """What decides the rows, whatever their number."""
    chat = prompts.chat
    return {
        "engine": str(settings.engine),
        "task": str(settings.task),
        "instruction": settings.instruction.as_json(),
        "answer": settings.answer.as_json(),
        "context": settings.context,
        "sanitize": settings.sanitize,
        "tries": settings.tries,
        "tokenizer": settings.tokenizer,
        "prefix": prompts.prefix,
        "around_instruction": [chat.before, chat.after] if chat else [],
        "dtype": settings.dtype,
        "engine_arguments": dict(settings.engine_arguments),
    }


def _name(model: str) -> str:
    """Of a folder only its own name: where it lies is nobody's affair once rows are published."""
    return Path(model).resolve().name if Path(model).is_dir() else model


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
