"""A Llama of 90,000 parameters with a tokenizer of bytes, made on the spot: real, quick, and ignorant."""

from pathlib import Path

#: As Llama 3 has them, so that its template and its end tokens can be tried.
SPECIAL = ("<|begin_of_text|>", "<|end_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>", "<|pad|>")
TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}"
    "<|start_header_id|>{{ message['role'] }}<|end_header_id|>\n\n{{ message['content'] | trim }}<|eot_id|>"
    "{% endfor %}"
    "{% if add_generation_prompt %}<|start_header_id|>assistant<|end_header_id|>\n\n{% endif %}"
)


def make_tokenizer(folder: Path, *, chat_template: str | None = TEMPLATE) -> None:
    """A tokenizer whose tokens are bytes and the special tokens of Llama 3."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    core = Tokenizer(models.BPE(vocab={letter: number for number, letter in enumerate(alphabet)}, merges=[]))
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    core.decoder = decoders.ByteLevel()
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=core,
        bos_token=SPECIAL[0],
        eos_token=SPECIAL[4],
        pad_token=SPECIAL[5],
        additional_special_tokens=[SPECIAL[1], SPECIAL[2], SPECIAL[3]],
        clean_up_tokenization_spaces=False,
    )
    tokenizer.chat_template = chat_template
    tokenizer.save_pretrained(folder)


def make_model(folder: Path, *, seed: int = 0, layers: int = 2, chat_template: str | None = TEMPLATE) -> Path:
    """Save a model and its tokenizer to `folder`, the same for the same seed; returns `folder`."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    make_tokenizer(folder, chat_template=chat_template)
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=264,
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=layers,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=2048,
        tie_word_embeddings=True,
    )
    config.bos_token_id, config.eos_token_id, config.pad_token_id = 256, 257, 258
    model = LlamaForCausalLM(config)
    model.save_pretrained(folder)
    return folder
