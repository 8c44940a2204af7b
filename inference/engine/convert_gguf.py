"""Turn a GGUF into safetensors. Runs inside the engine's environment, as a program: it needs transformers.

`python convert_gguf.py FOLDER FILE.gguf TARGET`
"""

import sys


def main(folder: str, file: str, target: str) -> None:
    """Read `file` in `folder` and write a model that vLLM loads to the folder `target`."""
    import torch  # type: ignore[import-not-found, unused-ignore]
    from transformers import (  # type: ignore[import-not-found, unused-ignore]
        AutoModelForCausalLM,
        AutoTokenizer,
    )

    tokenizer = AutoTokenizer.from_pretrained(folder, gguf_file=file)
    model = AutoModelForCausalLM.from_pretrained(folder, gguf_file=file, dtype=torch.bfloat16)
    # The weights are plain numbers now. Left in place, these two would make the saved model claim that they
    # are packed.
    model.hf_quantizer = None
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config
    model.save_pretrained(target)
    tokenizer.save_pretrained(target)


if __name__ == "__main__":
    main(*sys.argv[1:])
