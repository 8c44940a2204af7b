"""Make LoRA adapters in PEFT's format, with random weights. Run by the engine's Python, which has torch.

`python make_adapters.py MODEL_FOLDER TARGET_FOLDER…`: each target gets weights of its own.
"""

import json
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file

RANK = 8
SCALE = 0.08


def tensors(config: dict[str, int], seed: int) -> dict[str, torch.Tensor]:
    """A and B of `q_proj` and `v_proj` in each layer. B is not zero, as it is before training, so that it matters."""
    generator = torch.Generator().manual_seed(seed)
    hidden = config["hidden_size"]
    head = config.get("head_dim", hidden // config["num_attention_heads"])
    outputs = {
        "q_proj": head * config["num_attention_heads"],
        "v_proj": head * config["num_key_value_heads"],
    }
    found = {}
    for layer in range(config["num_hidden_layers"]):
        for module, width in outputs.items():
            prefix = f"base_model.model.model.layers.{layer}.self_attn.{module}"
            found[f"{prefix}.lora_A.weight"] = SCALE * torch.randn(RANK, hidden, generator=generator)
            found[f"{prefix}.lora_B.weight"] = SCALE * torch.randn(width, RANK, generator=generator)
    return found


def write(model: Path, target: Path, seed: int) -> None:
    """Write the adapter's two files."""
    target.mkdir()
    save_file(tensors(json.loads((model / "config.json").read_text()), seed), target / "adapter_model.safetensors")
    config = {
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "base_model_name_or_path": str(model),
        "r": RANK,
        "lora_alpha": RANK,
        "lora_dropout": 0.0,
        "bias": "none",
        "target_modules": ["q_proj", "v_proj"],
    }
    (target / "adapter_config.json").write_text(json.dumps(config))


for number, folder in enumerate(sys.argv[2:]):
    write(Path(sys.argv[1]), Path(folder), number)
