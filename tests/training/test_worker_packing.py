"""A pack gives the losses of its documents, one by one: they do not see one another, nor learn what is masked."""

import random
from pathlib import Path
from typing import Any

import pytest

IGNORED = -100
LENGTHS = (17, 40, 3, 25, 11)


@pytest.fixture(scope="module")
def documents() -> list[tuple[list[int], list[int]]]:
    """Ids and labels of documents, of which some are masked in parts as conversations are."""
    draw = random.Random(3)
    found = []
    for number, length in enumerate(LENGTHS):
        ids = [draw.randrange(256) for _ in range(length)]
        masked = length // 3 if number % 2 else 1
        found.append((ids, [IGNORED] * masked + ids[masked:]))
    return found


def loss_of(model: Any, **inputs: Any) -> tuple[float, int]:
    """The sum of the losses, and of how many tokens."""
    import torch
    from torch.nn.functional import cross_entropy

    labels = inputs.pop("labels")
    with torch.no_grad():
        logits = model(**inputs).logits[0, :-1].float()
    wanted = labels[0, 1:]
    loss = cross_entropy(logits, wanted, ignore_index=IGNORED, reduction="sum")
    return loss.item(), int((wanted != IGNORED).sum())


@pytest.mark.parametrize("attention", ["sdpa", "eager"])
def test_packed_and_separate_losses(
    tiny_model: Path, documents: list[tuple[list[int], list[int]]], attention: str
) -> None:
    import torch
    from transformers import AutoModelForCausalLM
    from trl.trainer.sft_trainer import DataCollatorForLanguageModeling

    model = AutoModelForCausalLM.from_pretrained(tiny_model, attn_implementation=attention).eval()
    apart = [
        loss_of(model, input_ids=torch.tensor([ids]), labels=torch.tensor([labels]), use_cache=False)
        for ids, labels in documents
    ]
    total, tokens = (sum(values) for values in zip(*apart, strict=True))

    # Two rows of a batch, the first with three documents, as the worker's rows come.
    rows = [
        {
            "input_ids": [token for ids, _labels in part for token in ids],
            "labels": [label for _ids, labels in part for label in labels],
            "seq_lengths": [len(ids) for ids, _labels in part],
        }
        for part in (documents[:3], documents[3:])
    ]
    batch = DataCollatorForLanguageModeling(pad_token_id=258, padding_free=True)(rows)
    packed, packed_tokens = loss_of(model, **batch, use_cache=False)
    assert packed_tokens == tokens
    assert packed / tokens == pytest.approx(total / tokens, abs=1e-4)

    # The controls: with a cache, or without positions, documents do see the ones before them.
    with_cache, _tokens = loss_of(model, **batch, use_cache=True)
    assert abs(with_cache - total) / tokens > 1e-4
    without = {name: batch[name] for name in ("input_ids", "labels")}
    merged, _tokens = loss_of(model, **without, use_cache=False)
    assert abs(merged - total) / tokens > 1e-4
