"""The settings of the engine in its own process; the engine itself is tried in `test_generation_offline.py`."""

import pytest

from training.engine_worker import _whole_prompts


@pytest.mark.parametrize("length, room", [(512, 4096), (8192, 8192), (None, 4096)])
def test_on_a_cpu_prompts_are_not_cut_into_chunks(length: int | None, room: int) -> None:
    settings = _whole_prompts({"model": "m", "max_model_len": length})
    assert (settings["enable_chunked_prefill"], settings["max_num_batched_tokens"]) == (False, room)


def test_what_somebody_asks_for_comes_before() -> None:
    assert _whole_prompts({"max_num_batched_tokens": 99})["max_num_batched_tokens"] == 99
