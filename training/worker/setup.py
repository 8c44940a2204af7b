"""The model, the tokenizer and the trainer's settings that a recipe asks for."""

from math import ceil
from pathlib import Path
from typing import Any

from training.exceptions import TrainingError
from training.recipes import Recipe
from training.sft.tokenizers import FOLDER, read_tokenizer
from training.worker.data import Data

WAIT = 4 * 3600
"""Seconds that processes wait for one another: the first one checks and writes all rows before the others start."""


class CannotTrain(TrainingError):
    """A recipe that this machine, or this model, cannot be trained by."""


def check_machine(recipe: Recipe) -> None:
    """Raises CannotTrain where the recipe needs a GPU, or kernels, that are not here."""
    from importlib.util import find_spec

    import torch

    has_gpu = torch.cuda.is_available()
    if recipe.attention == "flash_attention_2" and not (has_gpu and find_spec("flash_attn")):
        raise CannotTrain(
            "The recipe asks for flash_attention_2, which needs a GPU and the package flash-attn: "
            "take another attention, such as sdpa."
        )
    if recipe.liger and not (has_gpu and find_spec("liger_kernel")):
        raise CannotTrain(
            "The recipe asks for Liger kernels, which need a GPU and the package liger-kernel: leave them out."
        )
    if recipe.sharding != "none" and not has_gpu:
        # accelerate would train unsharded here, and say nothing.
        raise CannotTrain(f"The recipe asks for {recipe.sharding} sharding (FSDP2), which needs GPUs.")


def check_sharding(recipe: Recipe, distributed_type: str) -> None:
    """Raises CannotTrain where accelerate does something else than was asked: it falls back without a word."""
    is_sharded = distributed_type == "FSDP"
    if is_sharded != (recipe.sharding != "none"):
        raise CannotTrain(
            f"The recipe asks for {recipe.sharding} sharding, and accelerate has set up {distributed_type}. "
            "Start the worker by accelerate's settings for this recipe, as train_variant writes them."
        )


def load_tokenizer(recipe: Recipe, data: Data) -> Any:
    """The tokenizer that the rows were made with. Raises CannotTrain where the model has another, and BadTokenizer."""
    tokenizer = read_tokenizer(str(data.folder / FOLDER))
    if read_tokenizer(recipe.base, recipe.base_revision).get_vocab() != tokenizer.get_vocab():
        raise CannotTrain(
            f"{data.folder} was prepared with the tokenizer of {data.manifest.plan.get('model')}, and {recipe.base} "
            "has another vocabulary. Prepare the data with the tokenizer of the model that is to be trained."
        )
    return tokenizer


def load_model(recipe: Recipe, data: Data) -> Any:
    """The base model, ready to be trained. Raises CannotTrain.

    What is trained is kept in float32 and computed in bf16: in bf16 itself, steps of 1e-5 would be rounded away. The
    frozen base of an adapter is kept in bf16.
    """
    import torch
    from transformers import AutoModelForCausalLM

    is_frozen = recipe.lora is not None and recipe.dtype == "bf16"
    try:
        model = AutoModelForCausalLM.from_pretrained(
            recipe.base,
            revision=recipe.base_revision or None,
            dtype=torch.bfloat16 if is_frozen else torch.float32,
            attn_implementation=recipe.attention,
        )
    except (OSError, ValueError, ImportError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise CannotTrain(f"The model {recipe.base} cannot be read: {reason}") from error
    if (positions := getattr(model.config, "max_position_embeddings", None)) and positions < data.length:
        raise CannotTrain(f"{recipe.base} reads {positions} tokens, and the rows have up to {data.length}.")
    _teach_ends(model, data)
    return model


def lora_of(recipe: Recipe) -> Any:
    """peft's configuration, or None for full training."""
    if recipe.lora is None:
        return None
    from peft import LoraConfig

    lora = recipe.lora
    targets = lora.targets if isinstance(lora.targets, str) else list(lora.targets)
    return LoraConfig(
        r=lora.rank,
        lora_alpha=lora.alpha,
        lora_dropout=lora.dropout,
        target_modules=targets,
        task_type="CAUSAL_LM",
        revision=recipe.base_revision or None,
    )


def settings(recipe: Recipe, checkpoints: Path, *, accumulation: int, evaluates: bool) -> Any:
    """TRL's configuration. Steps between evaluations are set by `schedule`, when the number of processes is known."""
    import torch
    from trl import SFTConfig

    return SFTConfig(
        output_dir=str(checkpoints),
        max_length=recipe.sequence_length,
        # Rows come packed. What these two do is to flatten a batch of them, each document with positions of its own.
        packing=True,
        packing_strategy="bfd",
        eval_packing=False,
        dataset_kwargs={"skip_prepare_dataset": True},
        num_train_epochs=recipe.epochs,
        max_steps=recipe.max_steps or -1,
        per_device_train_batch_size=recipe.sequences_per_device,
        per_device_eval_batch_size=1,
        gradient_accumulation_steps=accumulation,
        learning_rate=recipe.learning_rate,
        adam_beta1=recipe.betas[0],
        adam_beta2=recipe.betas[1],
        adam_epsilon=recipe.epsilon,
        weight_decay=recipe.weight_decay,
        max_grad_norm=recipe.max_grad_norm,
        warmup_steps=recipe.warmup,
        lr_scheduler_type=recipe.scheduler,
        lr_scheduler_kwargs=({"min_lr_rate": recipe.min_lr_rate} if recipe.scheduler == "cosine_with_min_lr" else None),
        optim="adamw_torch",
        neftune_noise_alpha=recipe.neftune or None,
        bf16=recipe.dtype == "bf16",
        activation_checkpointing=recipe.gradient_checkpointing,
        use_liger_kernel=recipe.liger,
        seed=recipe.seed,
        eval_strategy="steps" if evaluates else "no",
        save_strategy="steps",
        logging_strategy="steps",
        logging_steps=1,
        logging_first_step=False,
        logging_nan_inf_filter=False,
        report_to="none",
        disable_tqdm=True,
        use_cpu=not torch.cuda.is_available(),
        ddp_timeout=WAIT,
    )


def schedule(args: Any, recipe: Recipe, rows: int, processes: int) -> int:
    """Set how many steps apart evaluations and checkpoints are; the number of steps of the whole run."""
    per_device = ceil(rows / processes)
    batches = ceil(per_device / recipe.sequences_per_device)
    per_epoch = max(1, ceil(batches / args.gradient_accumulation_steps))
    total = recipe.max_steps or ceil(recipe.epochs * per_epoch)
    args.save_steps = args.eval_steps = min(total, max(1, per_epoch // recipe.evaluations_per_epoch))
    return total


def _teach_ends(model: Any, data: Data) -> None:
    """A served model has to stop at the end tokens of the rows, which may not be those that it came with."""
    known = model.generation_config.eos_token_id
    ends = {*(known if isinstance(known, list) else [known]), *data.ends} - {None}
    model.generation_config.eos_token_id = sorted(ends)
