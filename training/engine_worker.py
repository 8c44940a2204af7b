"""vLLM's offline engine as a process that is asked by lines of JSON. Runs in the engine's environment; no Django here.

`python -m training.engine_worker SETTINGS` takes the arguments of `vllm.LLM` as JSON, and says `{"ready": true}` when
the model is loaded. Then each line in, `{"requests": [{"tokens", "seed", "max_tokens"}], "sampling": {...}}`, is
answered by lines out: `{"more": 1}` for each text that has ended, and `{"sampled": [{"tokens", "reason"}]}` in the end.
The worker ends when its input does.
"""

import json
import os
import sys
from functools import partial
from typing import IO, Any

_BANNED = -100.0
"""What vLLM adds at most to a logit."""
_CPU_BATCH = 4096
"""Tokens of a step on a CPU, as vLLM has it there."""


def sample(
    engine: Any, requests: list[dict[str, Any]], sampling: dict[str, Any], bar: Any = False
) -> list[dict[str, Any]]:
    """New tokens and the reason of their end, for each request.

    Where first tokens are banned, these are sampled by themselves, and the rest goes on from them with another seed.
    """
    if not sampling["banned_first"]:
        return _run(engine, requests, sampling, bar=bar)
    bias = dict.fromkeys(sampling["banned_first"], _BANNED)
    firsts = _run(engine, [{**request, "max_tokens": 1} for request in requests], sampling, logit_bias=bias)
    going = [place for place, first in enumerate(firsts) if _goes_on(first, requests[place])]
    rests = _run(engine, [_continued(requests[place], firsts[place]) for place in going], sampling, bar=bar)
    for place, rest in zip(going, rests, strict=True):
        firsts[place] = {"tokens": firsts[place]["tokens"] + rest["tokens"], "reason": rest["reason"]}
    return firsts


def _goes_on(first: dict[str, Any], request: dict[str, Any]) -> bool:
    return bool(first["reason"] == "length" and request["max_tokens"] > 1)


def _continued(request: dict[str, Any], first: dict[str, Any]) -> dict[str, Any]:
    return {
        "tokens": request["tokens"] + first["tokens"],
        "seed": request["seed"] + 1,
        "max_tokens": request["max_tokens"] - 1,
    }


def _run(
    engine: Any,
    requests: list[dict[str, Any]],
    sampling: dict[str, Any],
    logit_bias: dict[int, float] | None = None,
    bar: Any = False,
) -> list[dict[str, Any]]:
    from vllm import SamplingParams

    parameters = [
        SamplingParams(
            temperature=sampling["temperature"],
            top_p=sampling["top_p"],
            max_tokens=request["max_tokens"],
            seed=request["seed"],
            stop=sampling["stop"] or None,
            stop_token_ids=sampling["stop_tokens"] or None,
            logit_bias=logit_bias,
        )
        for request in requests
    ]
    prompts = [{"prompt_token_ids": request["tokens"]} for request in requests]
    outputs = engine.generate(prompts, parameters, use_tqdm=bar)
    completions = [output.outputs[0] for output in outputs]
    return [{"tokens": list(each.token_ids), "reason": each.finish_reason} for each in completions]


def serve(settings: dict[str, Any], lines_in: IO[str], lines_out: IO[str]) -> None:
    """Load, and answer until the input ends."""
    from vllm import LLM
    from vllm.platforms import current_platform

    engine = LLM(**(_whole_prompts(settings) if current_platform.is_cpu() else settings))
    _say(lines_out, {"ready": True})
    for line in lines_in:
        asked = json.loads(line)
        _say(lines_out, {"sampled": sample(engine, asked["requests"], asked["sampling"], _bar(lines_out))})


def _whole_prompts(settings: dict[str, Any]) -> dict[str, Any]:
    """Settings without prompts in chunks: on a CPU vLLM 0.32 dies of one whose request has a seed.

    It calls the generator's `get_offset`, which those of a CPU do not have.
    """
    room = max(_CPU_BATCH, settings.get("max_model_len") or 0)
    return {"enable_chunked_prefill": False, "max_num_batched_tokens": room, **settings}


def _bar(lines_out: IO[str]) -> Any:
    """A progress bar for vLLM that nobody sees, and that says how many more texts have ended."""
    from tqdm import tqdm

    class Bar(tqdm):  # type: ignore[misc]
        def update(self, n: int = 1) -> None:
            super().update(n)
            if self.desc.startswith("Processed"):
                _say(lines_out, {"more": n})

    return partial(Bar, file=open(os.devnull, "w"))  # noqa: SIM115


def _say(lines_out: IO[str], value: dict[str, Any]) -> None:
    lines_out.write(json.dumps(value) + "\n")
    lines_out.flush()


def main(arguments: list[str]) -> None:
    """See the module's text. What libraries print goes to stderr, whatever they print it to."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    serve(json.loads(arguments[0]), sys.stdin, answers)


if __name__ == "__main__":
    main(sys.argv[1:])
