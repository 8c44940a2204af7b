"""Where the user speaks, by templates of several families."""

from typing import Any

import pytest
from jinja2.exceptions import TemplateError
from transformers.utils.chat_template_utils import render_jinja_template

from training.generation.chats import BadTemplate, Chat, Messages, Render, chat_of

LLAMA_3_1 = (
    "{{- bos_token }}{%- if not date_string is defined %}{%- set date_string = '26 Jul 2024' %}{%- endif %}"
    "{%- if messages[0]['role'] == 'system' %}{%- set system_message = messages[0]['content']|trim %}"
    "{%- set messages = messages[1:] %}{%- else %}{%- set system_message = '' %}{%- endif %}"
    "{{- '<|start_header_id|>system<|end_header_id|>\n\n' }}{{- 'Cutting Knowledge Date: December 2023\n' }}"
    "{{- 'Today Date: ' + date_string + '\n\n' }}{{- system_message }}{{- '<|eot_id|>' }}"
    "{%- for message in messages %}{{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n'"
    " + message['content'] | trim + '<|eot_id|>' }}{%- endfor %}"
    "{%- if add_generation_prompt %}{{- '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{%- endif %}"
)
CHATML = (
    "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}"
    "{{ '<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n' }}{% endif %}"
    "{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
GEMMA = (
    "{{ bos_token }}"
    "{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}"
    "{% for message in messages %}{{ '<start_of_turn>' + message['role'].replace('assistant', 'model') + '\n'"
    " + message['content'] | trim + '<end_of_turn>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{'<start_of_turn>model\n'}}{% endif %}"
)
MISTRAL = (
    "{{ bos_token }}{% for message in messages %}{% if message['role'] == 'assistant' %}"
    "{{ ' ' + message['content'] + '</s>' }}{% else %}{{ '[INST] ' + message['content'] + ' [/INST]' }}{% endif %}"
    "{% endfor %}"
)
LLAMA_2 = (
    "{% if messages[0]['role'] == 'system' %}{% set system = '<<SYS>>\n' + messages[0]['content'] + '\n<</SYS>>\n\n' %}"
    "{% set messages = messages[1:] %}{% else %}{% set system = '' %}{% endif %}"
    "{% for message in messages %}{% if message['role'] == 'user' %}"
    "{{ bos_token + '[INST] ' + (system if loop.first else '') + message['content'] + ' [/INST]' }}"
    "{% else %}{{ ' ' + message['content'] + ' </s>' }}{% endif %}{% endfor %}"
)
LLAMA_USER = "<|start_header_id|>user<|end_header_id|>\n\n"
LLAMA_DATES = (
    "<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\n"
    "Cutting Knowledge Date: December 2023\nToday Date: 26 Jul 2024\n\n"
)


def render_of(template: str, bos: str) -> Render:
    """As a tokenizer renders it."""

    def render(messages: Messages, to_answer: bool) -> str:
        options: dict[str, Any] = {"add_generation_prompt": to_answer, "bos_token": bos}
        try:
            texts, _ = render_jinja_template(conversations=[list(messages)], chat_template=template, **options)
        except TemplateError as error:
            raise ValueError(str(error)) from error
        return str(texts[0])

    return render


def chat(template: str, bos: str, **options: Any) -> Chat:
    return chat_of(render_of(template, bos), bos=bos, **options)


def test_llama_3_1_has_the_prefix_of_the_study() -> None:
    found = chat(LLAMA_3_1, "<|begin_of_text|>")
    assert found.prefix == f"<|begin_of_text|>{LLAMA_USER}"
    assert found.end == "<|eot_id|>"
    assert found.to_answer("Zer da hau?") == (
        f"{LLAMA_DATES}<|eot_id|>{LLAMA_USER}Zer da hau?<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n"
    )


def test_llama_3_1_told_to_do_mathematics() -> None:
    found = chat(LLAMA_3_1, "<|begin_of_text|>", system="Sums, please.")
    assert found.prefix == f"{LLAMA_DATES}Sums, please.<|eot_id|>{LLAMA_USER}"
    assert "Sums" not in found.to_answer("1 + 1?")


def test_the_templates_own_system_message_can_be_kept() -> None:
    assert (
        chat(LLAMA_3_1, "<|begin_of_text|>", keep_default_system=True).prefix == f"{LLAMA_DATES}<|eot_id|>{LLAMA_USER}"
    )


def test_chatml_opens_with_its_first_token_once() -> None:
    found = chat(CHATML, "<|im_start|>")
    assert found.prefix == "<|im_start|>user\n"
    assert found.end == "<|im_end|>"
    assert found.to_answer("Kaixo").startswith("<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n")
    assert found.to_answer("Kaixo").endswith("<|im_start|>user\nKaixo<|im_end|>\n<|im_start|>assistant\n")
    told = chat(CHATML, "<|im_start|>", system="Itzuli.")
    assert told.prefix == "<|im_start|>system\nItzuli.<|im_end|>\n<|im_start|>user\n"


@pytest.mark.parametrize(
    "template, bos, prefix, end",
    [
        (GEMMA, "<bos>", "<bos><start_of_turn>user\n", "<end_of_turn>"),
        (MISTRAL, "<s>", "<s>[INST] ", "</s>"),
        (LLAMA_2, "<s>", "<s>[INST] ", "</s>"),
    ],
)
def test_other_families(template: str, bos: str, prefix: str, end: str) -> None:
    found = chat(template, bos)
    assert (found.prefix, found.end) == (prefix, end)


def test_a_system_message_inside_the_users_turn() -> None:
    assert chat(LLAMA_2, "<s>", system="Itzuli.").prefix == "<s>[INST] <<SYS>>\nItzuli.\n<</SYS>>\n\n"


@pytest.mark.parametrize(
    "template", [GEMMA, MISTRAL.replace("{{ '[INST]", "{{ '' if message['role'] == 'system' else '[INST]")]
)
def test_a_template_without_a_place_for_a_system_message(template: str) -> None:
    with pytest.raises(BadTemplate, match="System role not supported|no place for a system message"):
        chat(template, "<s>", system="Itzuli.")


@pytest.mark.parametrize(
    "template, reason",
    [
        ("hello", "leaves out what the user"),
        ("{% for m in messages %}{{ m['content'] }}{% endfor %}x{{ messages | length }}", "cannot be told"),
        ("{{ raise_exception('only tools') }}", "does not take the turns user, assistant: only tools"),
        ("{% for m in messages %}{{ '^' if loop.first else '[' }}{{ m['content'] }}]{% endfor %}", "unlike later ones"),
    ],
)
def test_templates_that_cannot_be_cut(template: str, reason: str) -> None:
    with pytest.raises(BadTemplate, match=reason):
        chat(template, "<s>")
