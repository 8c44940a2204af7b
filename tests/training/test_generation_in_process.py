"""Sampling with transformers: bans, stops, seeds."""

from dataclasses import replace
from pathlib import Path

import pytest

from training.asking import nobody
from training.generation.engines import EngineFailed, Request
from training.generation.in_process import InProcessEngine, load
from training.generation.sampling import Sampling
from training.generation.tokens import Tokens, tokens_of
from training.sft.tokenizers import read_tokenizer

SAMPLING = Sampling(1.0, 1.0, 12)


@pytest.fixture(scope="module")
def tokens(tiny_model: Path) -> Tokens:
    return tokens_of(read_tokenizer(str(tiny_model)), "tiny")


@pytest.fixture(scope="module")
def engine(tiny_model: Path, tokens: Tokens) -> InProcessEngine:
    return load(str(tiny_model), "", "auto", tokens.decode)


def requests(tokens: Tokens, count: int, *, length: int = 12) -> list[Request]:
    prompt = tuple(tokens.encode("<|start_header_id|>user<|end_header_id|>\n\n"))
    return [Request("", seed, length, prompt) for seed in range(count)]


def test_a_text_depends_on_its_seed_alone(engine: InProcessEngine, tokens: Tokens) -> None:
    asked = requests(tokens, 4)
    texts = engine.sample(asked, SAMPLING, nobody)
    assert engine.sample(asked[::-1], SAMPLING, nobody) == texts[::-1]
    assert engine.sample([asked[2]], SAMPLING, nobody) == [texts[2]]
    assert len({each.text for each in texts}) == 4


def test_the_chance_of_others_is_left_alone(engine: InProcessEngine, tokens: Tokens) -> None:
    import torch

    torch.manual_seed(1)
    expected = torch.rand(2).tolist()
    torch.manual_seed(1)
    first = torch.rand(1).item()
    engine.sample(requests(tokens, 1), SAMPLING, nobody)
    assert [first, torch.rand(1).item()] == expected


def test_limits_and_greedy_texts(engine: InProcessEngine, tokens: Tokens) -> None:
    (short,) = engine.sample(requests(tokens, 1, length=3), SAMPLING, nobody)
    assert (short.tokens, short.is_finished) == (3, False)
    greedy = engine.sample(requests(tokens, 3), replace(SAMPLING, temperature=0.0), nobody)
    assert len({each.text for each in greedy}) == 1


def test_banned_tokens_never_come_first_and_may_come_later(engine: InProcessEngine, tokens: Tokens) -> None:
    banned = tuple(range(0, 264, 2))
    asked = requests(tokens, 60, length=2)
    numbered = InProcessEngine(engine.model, frozenset(), lambda ids: " ".join(map(str, ids)))

    def drawn(sampling: Sampling) -> list[set[int]]:
        texts = [each.text.split() for each in numbered.sample(asked, sampling, nobody)]
        return [{int(text[place]) for text in texts} for place in (0, 1)]

    firsts, seconds = drawn(replace(SAMPLING, banned_first=banned))
    assert not firsts & set(banned)
    assert seconds & set(banned)
    assert drawn(SAMPLING)[0] & set(banned)


def test_end_tokens_and_stop_texts_end_a_text(engine: InProcessEngine, tokens: Tokens) -> None:
    asked = requests(tokens, 1, length=12)
    plain = InProcessEngine(engine.model, frozenset(), lambda ids: "".join(f"[{token}]" for token in ids))
    (whole,) = plain.sample(asked, SAMPLING, nobody)
    ids = [int(token) for token in whole.text.strip("[]").split("][")]
    (ended,) = plain.sample(asked, replace(SAMPLING, stop_tokens=(ids[4],)), nobody)
    assert (ended.tokens, ended.is_finished) == (ids.index(ids[4]) + 1, True)
    (stopped,) = plain.sample(asked, replace(SAMPLING, stop=(f"[{ids[3]}][{ids[4]}]",)), nobody)
    assert (stopped.tokens, stopped.is_finished) == (5, True)
    (own,) = InProcessEngine(engine.model, frozenset({ids[2]}), plain.decode).sample(asked, SAMPLING, nobody)
    assert (own.tokens, own.is_finished) == (ids.index(ids[2]) + 1, True)


def test_what_a_tokenizer_tells(tokens: Tokens, engine: InProcessEngine) -> None:
    assert tokens.headings == (tokens.encode("#")[0],)
    assert tokens.ends_of("<|eot_id|>") == tuple(tokens.encode("<|eot_id|>"))
    assert tokens.ends_of("Bai") == tokens.ends_of("<|eot_id|>")
    assert {"<|eot_id|>", "<|start_header_id|>"} <= set(tokens.controls)
    assert tokens.decode(tokens.encode("Kaixo, ñandú<|eot_id|>")) == "Kaixo, ñandú"
    assert engine.ends


@pytest.mark.parametrize("spoilt", ["config.json", "model.safetensors"])
def test_a_model_that_cannot_be_loaded(tiny_model: Path, tokens: Tokens, tmp_path: Path, spoilt: str) -> None:
    for file in tiny_model.iterdir():
        (tmp_path / file.name).write_bytes(b"rubbish" if file.name == spoilt else file.read_bytes())
    with pytest.raises(EngineFailed, match="cannot be loaded"):
        load(str(tmp_path), "", "auto", tokens.decode)
