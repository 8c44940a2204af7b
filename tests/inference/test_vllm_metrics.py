"""What vLLM says of its load, by the names of several of its versions."""

import pytest

from inference.vllm_metrics import ServerLoad, metrics_url, parse_load, total_load

LABELS = '{engine="0",model_name="latxa, the \\"8B\\" {one}"}'
NEW = f"""# HELP vllm:num_requests_running Number of requests in model execution batches.
# TYPE vllm:num_requests_running gauge
vllm:num_requests_running{LABELS} 3.0
vllm:num_requests_waiting{LABELS} 2.0
vllm:num_requests_waiting_by_reason{LABELS} 7.0
vllm:kv_cache_usage_perc{LABELS} 0.25
vllm:e2e_request_latency_seconds_bucket{{le="0.3"}} 12.0
"""


def test_reads_what_vllm_says() -> None:
    assert parse_load(NEW) == ServerLoad(running=3, waiting=2, cache_use=0.25)


def test_reads_the_older_name_of_the_cache() -> None:
    assert parse_load(NEW.replace("kv_cache", "gpu_cache")).cache_use == 0.25


def test_engines_are_added_up_and_the_fullest_cache_counts() -> None:
    text = 'vllm:num_requests_running{engine="0"} 1\nvllm:num_requests_running{engine="1"} 2\n'
    text += 'vllm:kv_cache_usage_perc{engine="0"} 0.1 1732356000000\nvllm:kv_cache_usage_perc{engine="1"} 0.9\n'
    assert parse_load(text) == ServerLoad(running=3, waiting=None, cache_use=0.9)


@pytest.mark.parametrize(
    "text",
    ["", "<h1>Not found</h1>", "vllm:num_requests_running", "vllm:num_requests_running NaN", "\x00",
     "vllm:num_requests_running +Inf", "vllm:num_requests_running -1", "vllm:num_requests_running many"],
)  # fmt: skip
def test_anything_else_says_nothing(text: str) -> None:
    load = parse_load(text)
    assert load == ServerLoad() and not load.is_known and not load.is_busy


def test_a_cache_is_never_fuller_than_full() -> None:
    assert parse_load("vllm:kv_cache_usage_perc 1.0000001").cache_use == 1.0


def test_several_servers_are_added_up() -> None:
    loads = [ServerLoad(1, 0, 0.5), ServerLoad(), ServerLoad(2, 4, None)]
    assert total_load(loads) == ServerLoad(3, 4, 0.5)
    assert total_load([ServerLoad()]) == ServerLoad()


@pytest.mark.parametrize(
    ("base_url", "metrics"),
    [
        ("http://gpu1:8100/v1", "http://gpu1:8100/metrics"),
        ("http://gpu1:8100/v1/", "http://gpu1:8100/metrics"),
        ("https://api.example.eus/openai/v1", "https://api.example.eus/openai/metrics"),
        ("http://gpu1:8100", "http://gpu1:8100/metrics"),
    ],
)
def test_metrics_stand_beside_the_api(base_url: str, metrics: str) -> None:
    assert metrics_url(base_url) == metrics
