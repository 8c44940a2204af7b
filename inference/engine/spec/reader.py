"""Read a spec's file."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from inference.engine.spec import values
from inference.engine.spec.checks import checked
from inference.engine.spec.nodes import Nodes
from inference.engine.spec.types import (
    LORA_RANKS,
    AdapterSpec,
    HostedSpec,
    HostSpec,
    ModelSpec,
    SlurmSpec,
    Spec,
    keys_of,
)
from inference.enums import SystemPromptMode
from inference.exceptions import SpecError
from inference.validators import API_KEY_ENV_PATTERN

PROJECT = Path(__file__).resolve().parents[3]
DTYPES = ("auto", "bfloat16", "float16", "float32")

_name = values.matching(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", "latxa-8b-instruct, with at most 100 characters")
_host_name = values.matching(r"[A-Za-z0-9][A-Za-z0-9._-]{0,252}", "gpu-node-1")
_hub_id = values.matching(r"\w[\w.-]*/[\w.-]+", "HiTZ/Latxa-Llama-3.1-8B-Instruct")
_api_key_env = values.matching(rf"(?=.{{1,100}}$){API_KEY_ENV_PATTERN}", "OPENAI_API_KEY, with at most 100 characters")
_answers_at_once = values.whole(1, 100_000)


def _prompt_mode(value: object) -> str:
    """With a hyphen or an underscore: `user-turn` is how people write it."""
    return str(values.one_of(*SystemPromptMode.values)(value.replace("-", "_") if isinstance(value, str) else value))


_ADAPTER: dict[str, values.Converter] = {
    "name": _name,
    "path": values.path,
    "hub_id": _hub_id,
    "revision": values.short_text,
}
_MODEL: dict[str, values.Converter] = {
    "name": _name,
    "path": values.path,
    "hub_id": _hub_id,
    "revision": values.short_text,
    "dtype": values.one_of(*DTYPES),
    "max_model_len": values.whole(1, 10_000_000),
    "chat_template": values.path,
    "gpu_memory_utilization": values.share,
    "weights_gb": values.gigabytes,
    "kv_cache_gb": values.gigabytes,
    "tensor_parallel_size": values.whole(1, 1024),
    "pipeline_parallel_size": values.whole(1, 1024),
    "replicas": values.whole(1, 1000),
    "host": values.one_or_more(_host_name),
    "gpus": values.one_or_more(values.whole(0, 1023)),
    "port": values.port,
    "max_lora_rank": values.one_of(*LORA_RANKS),
    "reasoning_parser": values.matching(r"[A-Za-z0-9_.-]+", "deepseek_r1"),
    "system_prompt_mode": _prompt_mode,
    "max_concurrent_answers": _answers_at_once,
    "extra_args": values.arguments,
    "env": values.environment,
}
_HOSTED: dict[str, values.Converter] = {
    "name": _name,
    "base_url": values.base_url,
    "model_name": values.short_text,
    "revision": values.short_text,
    "api_key_env": _api_key_env,
    "system_prompt_mode": _prompt_mode,
    "max_concurrent_answers": _answers_at_once,
}
_HOST: dict[str, values.Converter] = {
    "name": _host_name,
    "address": values.address,
    "gpus": values.gpu_memory,
    "ports": values.port_range,
    "python": values.path,
}
_SLURM: dict[str, values.Converter] = {
    "partition": values.line_of_text,
    "account": values.line_of_text,
    "qos": values.line_of_text,
    # In quotes, since YAML takes 12:00:00 for a number of seconds.
    "time": values.matching(r"(\d+-)?\d+(:\d\d){1,2}", '"2-00:00:00", in quotes'),
    "constraint": values.line_of_text,
    "cpus_per_task": values.whole(1, 10_000),
    "mem": values.line_of_text,
    "options": values.lines,
    "setup": values.lines,
}
assert {*_ADAPTER, "rank"} == {*keys_of(AdapterSpec)}
assert {*_MODEL, "adapters"} == {*keys_of(ModelSpec)}
assert {*_HOSTED} == {*keys_of(HostedSpec)}
assert {*_HOST, "slurm"} == {*keys_of(HostSpec)}
assert {*_SLURM} == {*keys_of(SlurmSpec)}


def load_spec(source: Path, *, root: Path = PROJECT) -> Spec:
    """Read `source`; its relative paths begin at `root`.

    Raises SpecError, whose message names the file, the line and the key, on whatever can be known to be wrong
    before a server is started.
    """
    try:
        text = source.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise SpecError(f"{source}: cannot be read: {error}") from error
    try:
        loader = yaml.SafeLoader(text)
        try:
            spec = _Reader(source, Nodes(source, loader)).spec(loader.get_single_node())
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        line = f":{error.problem_mark.line + 1}" if error.problem_mark else ""
        raise SpecError(f"{source}{line}: this is not YAML: {error.problem}") from error
    except yaml.YAMLError as error:
        raise SpecError(f"{source}: this is not YAML: {error}") from error
    except RecursionError as error:
        raise SpecError(f"{source}: lists and mappings within each other are too deep to be read.") from error
    return checked(spec, root)


class _Reader:
    """From nodes to the parts of a spec, each checked by itself."""

    def __init__(self, source: Path, nodes: Nodes) -> None:
        self._source = source
        self._nodes = nodes

    def spec(self, root: yaml.Node | None) -> Spec:
        if root is None:
            raise SpecError(f"{self._source}: the file is empty; it needs the key 'models'.")
        parts = self._nodes.mapping(root, ("models", "hosts"), "the file")
        if "models" not in parts:
            raise self._nodes.error(root, "models", "is missing")
        found = [self._model(node) for node in self._nodes.sequence(parts["models"], "models")]
        spec = Spec(
            self._source,
            models=tuple(model for model in found if isinstance(model, ModelSpec)),
            hosted=tuple(model for model in found if isinstance(model, HostedSpec)),
        )
        if "hosts" not in parts:
            return spec
        hosts = tuple(self._host(node) for node in self._nodes.sequence(parts["hosts"], "hosts"))
        return Spec(spec.source, spec.models, spec.hosted, hosts)

    def _model(self, node: yaml.Node) -> ModelSpec | HostedSpec:
        every_key = [*_MODEL, "adapters", *(key for key in _HOSTED if key not in _MODEL)]
        parts = self._nodes.mapping(node, every_key, "a model")
        if "base_url" in parts:
            parts = self._nodes.mapping(node, tuple(_HOSTED), "a model with a base_url")
            hosted: dict[str, Any] = self._values(node, parts, _HOSTED)
            return HostedSpec(**hosted)
        parts = self._nodes.mapping(node, [*_MODEL, "adapters"], "a model without base_url")
        if ("path" in parts) == ("hub_id" in parts):
            raise self._nodes.error(node, "path", "or 'hub_id' or 'base_url' must be given, and only one of them")
        if "revision" in parts and "path" in parts:
            raise self._nodes.error(parts["revision"], "revision", "is for models from the hub; a path has none")
        found = self._values(node, parts, _MODEL)
        if "adapters" in parts:
            adapters = self._nodes.sequence(parts["adapters"], "adapters")
            found["adapters"] = tuple(self._adapter(adapter) for adapter in adapters)
        return ModelSpec(**found)

    def _adapter(self, node: yaml.Node) -> AdapterSpec:
        parts = self._nodes.mapping(node, tuple(_ADAPTER), "an adapter")
        if ("path" in parts) == ("hub_id" in parts):
            raise self._nodes.error(node, "path", "or 'hub_id' must be given, and only one of them")
        return AdapterSpec(**self._values(node, parts, _ADAPTER))

    def _host(self, node: yaml.Node) -> HostSpec:
        parts = self._nodes.mapping(node, [*_HOST, "slurm"], "a host")
        found = self._values(node, parts, _HOST)
        if "slurm" in parts:
            slurm = self._nodes.mapping(parts["slurm"], tuple(_SLURM), "slurm")
            found["slurm"] = SlurmSpec(**self._values(parts["slurm"], slurm, _SLURM, required=()))
        return HostSpec(**found)

    def _values(
        self,
        node: yaml.Node,
        parts: Mapping[str, yaml.Node],
        converters: Mapping[str, values.Converter],
        required: tuple[str, ...] = ("name",),
    ) -> dict[str, Any]:
        for key in required:
            if key not in parts:
                raise self._nodes.error(node, key, "is missing")
        found = {key: self._nodes.value(parts[key], key, converters[key]) for key in parts if key in converters}
        return found | {"lines": self._nodes.lines(node, dict(parts))}
