"""What `magpie_generate` is told, in one place."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from training.asking import Api
from training.exceptions import TrainingError
from training.generation.sampling import Sampling
from training.generation.tasks import SYSTEM_PROMPTS, Task


class EngineKind(StrEnum):
    """What samples."""

    VLLM = "vllm"
    """vLLM's offline engine, inside its own environment."""
    OPENAI = "openai"
    """A server."""
    HF = "hf"
    """transformers, in this process."""


#: The study's, which are upstream's; HiTZ's own temperatures are not known.
INSTRUCTION = Sampling(temperature=0.8, top_p=1.0, max_tokens=1024, stop=("assistant",), heading_ban=True)
ANSWER = Sampling(temperature=0.6, top_p=0.9, max_tokens=4096)
CONTEXT = 4096


@dataclass(frozen=True, slots=True)
class Settings:
    """All arguments but those of shards."""

    model: str
    engine: EngineKind
    total: int
    task: Task = Task.GENERAL
    seed: int = 0
    instruction: Sampling = INSTRUCTION
    answer: Sampling = ANSWER
    context: int = CONTEXT
    sanitize: bool = False
    tries: int = 8
    revision: str = ""
    tokenizer: str = ""
    prefix: str = ""
    system_prompt: str = ""
    keep_default_system: bool = False
    dtype: str = "auto"
    engine_arguments: Mapping[str, Any] = field(default_factory=dict)
    api: Api | None = None

    @property
    def system(self) -> str:
        """What stands before the user's turn: one's own words, or the task's."""
        return self.system_prompt or SYSTEM_PROMPTS[self.task]

    @property
    def has_tokenizer(self) -> bool:
        """A server's model may be asked without one, where the prefix is given."""
        return self.engine is not EngineKind.OPENAI or bool(self.tokenizer) or not self.prefix

    def checked(self) -> "Settings":
        """Raises TrainingError for arguments that do not go together."""
        if self.prefix and (self.system_prompt or self.keep_default_system or self.task is not Task.GENERAL):
            raise TrainingError(
                "--prefix is all that stands before the user's turn. It does not go with --task, --system-prompt and "
                "--keep-default-system, which would change it."
            )
        for name, sampling in (("--", self.instruction), ("--answer-", self.answer)):
            if sampling.temperature < 0 or not 0 < sampling.top_p <= 1:
                raise TrainingError(f"{name}temperature must be 0 or more, and {name}top-p more than 0 and at most 1.")
        if self.api is not None and self.engine is not EngineKind.OPENAI:
            raise TrainingError(
                f"--base-url names a server, and --engine {self.engine} asks none. Use --engine openai."
            )
        if self.engine_arguments and self.engine is not EngineKind.VLLM:
            raise TrainingError("--engine-arg is for --engine vllm.")
        for name in (self.model if self.engine is not EngineKind.OPENAI else "", self.tokenizer):
            if (name.startswith(("/", ".", "~")) or name.count("/") > 1) and not Path(name).is_dir():
                raise TrainingError(f"There is no folder {name}.")
        return self
