"""`merge_checkpoint`: shards bit by bit, an adapter into its base, and what is neither."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from tests.training.tiny import make_model
from tests.training.worker_processes import recipe_for
from training.recipes import Lora
from training.worker.checkpoints import seal
from training.worker.folder import ABOUT, about_model
from training.worker.merging import SHARDS
from training.worker.setup import lora_of

pytestmark = pytest.mark.filterwarnings(
    "ignore:`is_gradient_checkpointing` is deprecated:FutureWarning",
    "ignore:TypedStorage is deprecated:UserWarning",
    "ignore:torch.distributed:UserWarning",
)


def weights(folder: Path) -> dict[str, Any]:
    from safetensors.torch import load_file

    return dict(load_file(folder / "model.safetensors"))


@pytest.fixture
def sharded(tiny_model: Path, tmp_path: Path) -> Path:
    """A checkpoint as FSDP2 leaves it: the weights as PyTorch's distributed checkpoint under the name `model`."""
    import torch.distributed.checkpoint as dcp
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(tiny_model)
    path = tmp_path / "run/checkpoints/checkpoint-8"
    dcp.save({"model": model.state_dict()}, checkpoint_id=path / SHARDS, no_dist=True)
    about = {
        "name": "exp_2_101",
        "base": str(tiny_model),
        "base_revision": "",
        "kind": "full",
        "end_tokens": [256, 257],
    }
    seal(path, 8, {"about": about, "last": True})
    return path


def test_shards_are_merged_bit_by_bit(sharded: Path, tiny_model: Path, tmp_path: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    call_command("merge_checkpoint", sharded, output=tmp_path / "merged", verbosity=0)
    merged = AutoModelForCausalLM.from_pretrained(tmp_path / "merged")
    original = AutoModelForCausalLM.from_pretrained(tiny_model).state_dict()
    assert merged.state_dict().keys() == original.keys()
    assert all(torch.equal(value, original[name]) for name, value in merged.state_dict().items())
    assert merged.generation_config.eos_token_id == [256, 257]
    assert AutoTokenizer.from_pretrained(tmp_path / "merged").chat_template
    about = json.loads((tmp_path / "merged" / ABOUT).read_text())
    assert (about["name"], about["kind"], about["steps"]) == ("exp_2_101", "full", 8)


def test_an_adapter_is_added_to_its_base(tiny_model: Path, tmp_path: Path) -> None:
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    torch.manual_seed(1)
    base = AutoModelForCausalLM.from_pretrained(tiny_model)
    config = LoraConfig(r=4, target_modules="all-linear", init_lora_weights=False, task_type="CAUSAL_LM")
    model = get_peft_model(base, config).eval()
    adapter = tmp_path / "adapter"
    model.save_pretrained(adapter)
    (adapter / ABOUT).write_text(json.dumps({"name": "a", "kind": "adapter", "base": str(tiny_model)}))
    call_command("merge_checkpoint", adapter, output=tmp_path / "merged", verbosity=0)
    merged = AutoModelForCausalLM.from_pretrained(tmp_path / "merged").eval()
    ids = torch.arange(20)[None]
    with torch.no_grad():
        wanted, found, before = (
            each(input_ids=ids).logits
            for each in (model, merged, AutoModelForCausalLM.from_pretrained(tiny_model).eval())
        )
    assert torch.allclose(wanted, found, atol=1e-5)
    assert not torch.allclose(wanted, before, atol=1e-2)
    about = json.loads((tmp_path / "merged" / ABOUT).read_text())
    assert (about["kind"], about["base"]) == ("full", str(tiny_model))


def test_shards_of_another_model(sharded: Path, tmp_path: Path) -> None:
    other = make_model(tmp_path / "other", layers=3)
    with pytest.raises(CommandError, match=r"do not fit .*: model.layers.2.\S+ is missing, and should be \("):
        call_command("merge_checkpoint", sharded, output=tmp_path / "merged", base=str(other))
    assert {path.name for path in tmp_path.iterdir()} == {"run", "other"}


def test_what_cannot_be_merged(sharded: Path, tiny_model: Path, tmp_path: Path) -> None:
    def refused(folder: Path, match: str, output: str = "merged", **options: str) -> None:
        with pytest.raises(CommandError, match=match):
            call_command("merge_checkpoint", folder, output=tmp_path / output, **options)

    refused(tmp_path / "nowhere", "is no folder")
    refused(tiny_model, "does not say which model it was trained from: name it by --base")
    refused(tiny_model, "has neither shards .* nor an adapter", base=str(tiny_model))
    refused(sharded, "is there, and not empty", output="run")
    refused(sharded, "cannot be read", base=str(tmp_path))
    shard = next((sharded / SHARDS).glob("*.distcp"))
    half = shutil.copytree(sharded, tmp_path / "checkpoint-9")
    (half / SHARDS / shard.name).write_bytes(shard.read_bytes()[:100])
    refused(half, "is not whole: pytorch_model_fsdp_0/__0_0.distcp has another size")
    foreign = half.rename(tmp_path / "foreign")
    (foreign / "whole.json").unlink()
    refused(foreign, "The shards of .* cannot be read", base=str(tiny_model))
    (foreign / SHARDS / ".metadata").unlink()
    refused(foreign, "The shards of .* cannot be read", base=str(tiny_model))


def test_shards_of_an_adapter(tiny_model: Path, tmp_path: Path) -> None:
    import torch
    import torch.distributed.checkpoint as dcp
    from peft import PeftModel, get_peft_model, get_peft_model_state_dict
    from transformers import AutoModelForCausalLM

    torch.manual_seed(2)
    recipe = recipe_for(tmp_path, tiny_model, tmp_path, lora=Lora(rank=2, targets=("q_proj", "v_proj")))
    config = lora_of(recipe)
    config.init_lora_weights = False
    model = get_peft_model(AutoModelForCausalLM.from_pretrained(tiny_model), config).eval()
    path = tmp_path / "checkpoint-4"
    dcp.save({"model": get_peft_model_state_dict(model)}, checkpoint_id=path / SHARDS, no_dist=True)
    seal(path, 4, {"about": about_model(recipe, "", 0, [257])})
    call_command("merge_checkpoint", path, output=tmp_path / "adapter", verbosity=0)
    assert json.loads((tmp_path / "adapter" / ABOUT).read_text())["kind"] == "adapter"
    merged = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(tiny_model), tmp_path / "adapter").eval()
    ids = torch.arange(20)[None]
    with torch.no_grad():
        assert torch.equal(merged(input_ids=ids).logits, model(input_ids=ids).logits)
