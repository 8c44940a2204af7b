"""Which tokens of a conversation are learnt, by every way of marking, over real templates."""

from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.training.tiny import TEMPLATE, make_tokenizer
from training.sft import marking, tokens
from training.sft.marking import CannotMark, choose, unmarked
from training.sft.templates import TEMPLATES
from training.sft.tokenizers import BadTokenizer, fingerprint, load, read_tokenizer
from training.sft.turns import Messages

CHATML = (
    "{% for message in messages %}"
    "{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
MESSAGES: Messages = [
    {"role": "system", "content": "Laburra izan."},
    {"role": "user", "content": "Kaixo!"},
    {"role": "assistant", "content": "Bai, ñ eta 🐑."},
    {"role": "user", "content": "Agur."},
    {"role": "assistant", "content": "Gero arte."},
]


def published(name: str) -> str:
    """A model's own template, as TRL ships it for its tests of equality."""
    return (files("trl") / "chat_templates" / f"{name}.jinja").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("tokenizer")
    make_tokenizer(folder)
    found = read_tokenizer(str(folder))
    found.add_special_tokens({"additional_special_tokens": ["<|im_start|>", "<|im_end|>"]}, False)
    return found


def learnt(tokenizer: Any, how: marking.Marking, messages: Messages) -> str:
    rendered = how.render(messages)
    found = tokens.of_conversation(tokenizer, rendered.text, rendered.spans)
    return str(tokenizer.decode([label for label in found.labels if label != tokens.IGNORED]))


@pytest.mark.parametrize(
    "template, name, end",
    [
        (published("llama3_1"), "llama-3.1", "<|eot_id|>"),
        (published("llama3"), "llama-3", "<|eot_id|>"),
        (TEMPLATE, "llama-3", "<|eot_id|>"),
        (CHATML, "chatml", "<|im_end|>"),
        (TEMPLATES["llama-3.1"], "own", "<|eot_id|>"),
        # Shows a system's turn of its own where there is none, which ours does not.
        (published("qwen2_5"), "prefixes", "<|im_end|>"),
    ],
)
def test_what_is_learnt(tokenizer: Any, template: str, name: str, end: str) -> None:
    how = choose(tokenizer, template)
    assert how.name == name
    assert learnt(tokenizer, how, MESSAGES) == f"Bai, ñ eta 🐑.{end}Gero arte.{end}"


contents = st.text(alphabet=st.characters(exclude_categories=("Cs",)), min_size=1, max_size=30).filter(str.strip)
turns = st.tuples(st.booleans(), st.lists(st.tuples(contents, contents), min_size=1, max_size=3))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(turns)
@pytest.mark.parametrize("template", ["llama3_1", "llama3"])
def test_ours_and_prefixes_and_the_models_own_agree(
    tokenizer: Any, template: str, drawn: tuple[bool, list[tuple[str, str]]]
) -> None:
    has_system, pairs = drawn
    messages = [{"role": "system", "content": "S"}] if has_system else []
    for asked, answer in pairs:
        messages += [{"role": "user", "content": asked}, {"role": "assistant", "content": answer}]
    own = published(template)
    rendered = choose(tokenizer, own).render(messages)
    assert rendered == marking._by_prefixes(tokenizer, own, messages)
    assert rendered.text == tokenizer.apply_chat_template(messages, chat_template=own, tokenize=False)


def test_without_its_marks_a_template_renders_the_same(tokenizer: Any) -> None:
    for template in TEMPLATES.values():
        plain = unmarked(template)
        assert "generation -" not in plain
        for messages in marking.PROBES:
            assert marking._plain(tokenizer, plain, messages) == marking._plain(tokenizer, template, messages)


@pytest.mark.parametrize(
    "template, message",
    [
        (
            "{% for m in messages %}{% if m['role'] == 'assistant' %}{% generation %}{{ m['content'] }}"
            "{% endgeneration %}{% else %}{{ m['content'] }}{% endif %}<|eot_id|>{% endfor %}",
            "leave out the end token",
        ),
        ("{% for m in messages %}{{ m['content'] }} {% endfor %}", "puts no end token"),
        (
            "{% for m in messages %}{% if loop.last or m['role'] == 'user' %}{{ m['content'] }}<|eot_id|>{% endif %}"
            "{% endfor %}",
            "renders a turn otherwise when others follow it",
        ),
        ("{{ strftime_now('%d') }}" + TEMPLATE, "writes the day on which it is run"),
        ("{% for m in messages %}{{ nothing.there }}{% endfor %}", "the chat template refuses it"),
        ("{% if %}", "the chat template refuses it"),
    ],
)
def test_templates_that_cannot_be_used(tokenizer: Any, template: str, message: str) -> None:
    with pytest.raises(CannotMark, match=message):
        choose(tokenizer, template)


def test_a_tokenizer_without_a_template(tmp_path: Path) -> None:
    make_tokenizer(tmp_path, chat_template=None)
    options = {"document_end": "", "conversations": True}
    with pytest.raises(BadTokenizer, match="has no chat template.* --chat-template FILE, or by a name: llama-3.1"):
        load(str(tmp_path), "", chat_template="", **options)  # type: ignore[arg-type]
    with pytest.raises(BadTokenizer, match="nor a file that can be read"):
        load(str(tmp_path), "", chat_template=str(tmp_path / "none.jinja"), **options)  # type: ignore[arg-type]
    (tmp_path / "mine.jinja").write_text(TEMPLATE)
    encoder = load(str(tmp_path), "", chat_template=str(tmp_path / "mine.jinja"), **options)  # type: ignore[arg-type]
    assert encoder.marking and encoder.marking.name == "llama-3"
    assert encoder.tokenizer.convert_ids_to_tokens(encoder.turn_end) == "<|eot_id|>"
    encoder = load(str(tmp_path), "", chat_template="", document_end="<|end_of_text|>", conversations=False)
    assert (encoder.tokenizer.convert_ids_to_tokens(encoder.end), encoder.turn_end) == ("<|end_of_text|>", None)
    with pytest.raises(BadTokenizer, match="is no token of"):
        load(str(tmp_path), "", chat_template="", document_end="<none>", conversations=False)
    with pytest.raises(BadTokenizer, match="cannot be read"):
        read_tokenizer(str(tmp_path / "nowhere"))


def test_another_template_is_another_fingerprint(tokenizer: Any, tmp_path: Path) -> None:
    make_tokenizer(tmp_path)
    first = read_tokenizer(str(tmp_path))
    before = fingerprint(first)
    first("Etxe", truncation=True, max_length=2)
    assert fingerprint(first) == before
    first.chat_template = CHATML
    assert fingerprint(first) != before


def test_a_document_is_learnt_whole_and_ends(tokenizer: Any) -> None:
    end, other = tokenizer.convert_tokens_to_ids(["<|end_of_text|>", "<|eot_id|>"])
    found = tokens.of_document(tokenizer, "Etxe <|eot_id|> bat", end)
    assert found.ids[1:] == found.labels[1:]
    assert found.ids[-1] == end
    # What looks like a control token in a text is no control token.
    assert other not in found.ids
    assert tokenizer.decode(list(found.ids[:-1])) == "Etxe <|eot_id|> bat"


def test_cutting_loses_nothing(tokenizer: Any) -> None:
    whole = tokens.of_document(tokenizer, "abcdefghij", 257)
    pieces = list(tokens.cut(whole, 4))
    assert [token for piece in pieces for token in piece.ids] == list(whole.ids)
    assert [len(piece) for piece in pieces] == [4, 4, 3]
    assert all(piece.labels[0] == tokens.IGNORED for piece in pieces)
