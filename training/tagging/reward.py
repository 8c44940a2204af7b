"""Rewards by a sequence classification model, in this process."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from training.columns import Row
from training.exceptions import CannotLoadModel
from training.instructions import turns_of
from training.shares import Share
from training.sources import Source
from training.stages import Made
from training.tagging.loading import cannot_load, require_folder
from training.tagging.missions import Tagged

REWARD_MODEL = "sfairXC/FsfairX-LLaMA3-RM-v0.1"
MAX_LENGTH = 4096
"""Tokens of a conversation that are looked at."""


@dataclass(frozen=True)
class RewardMission:
    """Fills in `instruct_reward`, the model's logit, one row at a time: what it is beside must not change it."""

    model: str = REWARD_MODEL
    revision: str = ""
    name: str = "reward"
    columns: tuple[str, ...] = ("instruct_reward", "reward_model")
    requires: tuple[str, ...] = ("instruction", "response")

    @property
    def arguments(self) -> Mapping[str, Any]:
        return {"max_length": MAX_LENGTH}

    def make(self, source: Source, wanted: set[int], folder: Path, share: Share) -> Iterator[tuple[int, Made]]:
        judge = Judge(self.model, self.revision)
        for piece in source.each(wanted.__contains__):
            rows: list[Row] = [
                {"instruct_reward": judge.reward(turns_of(row)), "reward_model": self.model} for _, row in piece.rows
            ]
            yield piece.number, Tagged(rows, {"reward": len(rows)}).made(piece)


class Judge:
    """A reward model with its tokenizer, on a GPU in bfloat16 where there is one, else in float32."""

    def __init__(self, model: str, revision: str = "") -> None:
        self._name, self._revision = model, revision or None

    def reward(self, messages: list[dict[str, str]]) -> float:
        """The logit of a conversation. What exceeds MAX_LENGTH tokens is cut off at its end."""
        import torch

        model, tokenizer = self._parts
        text = tokenizer.apply_chat_template(messages, tokenize=False)
        # The template brings its own token for the beginning.
        tokens = tokenizer(
            text, add_special_tokens=False, truncation=True, max_length=MAX_LENGTH, return_tensors="pt"
        ).to(model.device)
        with torch.inference_mode():
            return float(model(**tokens).logits[0, 0])

    @cached_property
    def _parts(self) -> tuple[Any, Any]:
        """Raises CannotLoadModel."""
        import torch
        from transformers import AutoModelForSequenceClassification, AutoTokenizer

        device, dtype = ("cuda", torch.bfloat16) if torch.cuda.is_available() else ("cpu", torch.float32)
        require_folder(self._name, "--reward-model")
        try:
            tokenizer = AutoTokenizer.from_pretrained(self._name, revision=self._revision)
            model, loaded = AutoModelForSequenceClassification.from_pretrained(
                self._name, revision=self._revision, dtype=dtype, output_loading_info=True
            )
        except (OSError, ValueError) as error:
            advice = "Give another by --reward-model: a folder or a hub id."
            raise cannot_load("reward model", self._name, error, advice) from error
        if loaded["missing_keys"] or model.config.num_labels != 1:
            raise CannotLoadModel(
                f"{self._name} is no reward model: it has no trained head with a single value. "
                f"Give one by --reward-model, such as {REWARD_MODEL}."
            )
        if not tokenizer.chat_template:
            raise CannotLoadModel(
                f"The tokenizer of {self._name} has no chat template, so no conversation can be judged."
            )
        return model.eval().to(device), tokenizer
