"""Missions whose models run in this process: rewards and embeddings."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.training.tiny import make_tokenizer
from training.exceptions import BadManifest, CannotLoadModel
from training.sources import open_source
from training.tagging.embedding import Embedder, Embeddings, model_path
from training.tagging.reward import Judge

TURNS = [{"role": "user", "content": "Kaixo?"}, {"role": "assistant", "content": "Bai."}]


@pytest.fixture(scope="module")
def reward_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_reward_model(tmp_path_factory.mktemp("reward-model"))


def make_reward_model(folder: Path, **tokenizer: Any) -> Path:
    import torch
    from transformers import LlamaConfig, LlamaForSequenceClassification

    make_tokenizer(folder, **tokenizer)
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=264, hidden_size=32, intermediate_size=64, num_hidden_layers=1, num_attention_heads=2, num_labels=1
    )
    config.pad_token_id = 258
    LlamaForSequenceClassification(config).save_pretrained(folder)
    return folder


def test_a_reward_is_the_logit_of_the_conversation(reward_model: Path) -> None:
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(reward_model)
    model = AutoModelForSequenceClassification.from_pretrained(reward_model, dtype=torch.float32).eval()
    tokens = tokenizer.apply_chat_template(TURNS, return_tensors="pt", return_dict=True)
    with torch.inference_mode():
        expected = float(model(**tokens).logits[0, 0])
    judge = Judge(str(reward_model))
    assert judge.reward(TURNS) == pytest.approx(expected, abs=1e-6)
    assert judge.reward(TURNS[:1]) != judge.reward(TURNS)


def test_a_long_conversation_is_cut(reward_model: Path) -> None:
    long = [TURNS[0], {"role": "assistant", "content": "bai " * 5000}]
    assert math.isfinite(Judge(str(reward_model)).reward(long))


def test_a_model_without_a_reward_head_is_refused(tiny_model: Path) -> None:
    with pytest.raises(CannotLoadModel, match="is no reward model"):
        Judge(str(tiny_model)).reward(TURNS)


def test_a_reward_tokenizer_without_a_chat_template(tmp_path: Path) -> None:
    folder = make_reward_model(tmp_path, chat_template=None)
    with pytest.raises(CannotLoadModel, match="has no chat template"):
        Judge(str(folder)).reward(TURNS)


@pytest.mark.parametrize("name", ["/nowhere/at/all", "./nowhere"])
def test_a_folder_that_is_not_there(name: str) -> None:
    with pytest.raises(CannotLoadModel, match="There is no folder .*nowhere.* by --reward-model"):
        Judge(name).reward(TURNS)
    with pytest.raises(CannotLoadModel, match="There is no folder .*nowhere.* by --embedder"):
        Embedder(name).embed(["kaixo"])


def test_a_folder_with_no_model(tmp_path: Path) -> None:
    with pytest.raises(CannotLoadModel, match="cannot be loaded"):
        Judge(str(tmp_path)).reward(TURNS)


def test_embeddings_have_length_1_and_are_those_of_their_texts(tiny_model: Path) -> None:
    embedder = Embedder(str(tiny_model))
    vectors = embedder.embed(["Nola egiten da ogia?", "How do I bake bread?", "Nola egiten da ogia?"])
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-5)
    assert np.abs(vectors[0] - vectors[2]).max() < 1e-6 < np.abs(vectors[0] - vectors[1]).max()


def test_a_package_that_carries_a_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "a_small_embedder/model"
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    (folder.parent / "__init__.py").write_text("raise RuntimeError('it must not be run')")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert model_path("a-small-embedder") == str(folder)
    for name in ("json", "no-such-package", "org/a-small-embedder", ".", str(tmp_path)):
        assert model_path(name) == name


class CountingEmbedder(Embedder):
    """Embeds by length, and counts."""

    def __init__(self) -> None:
        super().__init__("")
        self.seen: list[str] = []

    def embed(self, texts: list[str]) -> Any:
        self.seen += texts
        return np.array([[len(text), 1] for text in texts], dtype=np.float32)


def test_embeddings_are_made_once_for_all_processes(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(f'{{"instruction": "{"x" * n}"}}\n' for n in range(1, 8)))
    source = open_source(path, per_piece=2)
    first, second = CountingEmbedder(), CountingEmbedder()
    Embeddings(source, tmp_path / "kept", first).make({1, 3})
    assert [len(text) for text in first.seen] == [3, 4, 7, 1, 2, 5, 6]
    kept = Embeddings(source, tmp_path / "kept", second)
    kept.make({0, 2})
    assert second.seen == []
    assert [vector[0] for piece in source.each() for vector in kept.read(piece)] == [1, 2, 3, 4, 5, 6, 7]


@pytest.mark.parametrize("content", [b"", b"rubbish", None])
def test_embeddings_that_were_changed(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"instruction": "kaixo"}\n')
    source = open_source(path)
    kept = Embeddings(source, tmp_path, CountingEmbedder())
    kept.make({0})
    if content is None:
        np.save(tmp_path / "00000.npy", np.zeros((2, 2), dtype=np.float32))
    else:
        (tmp_path / "00000.npy").write_bytes(content)
    with pytest.raises(BadManifest, match="Remove it to make it again"):
        kept.read(next(source.each()))
