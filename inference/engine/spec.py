"""Read a spec: the YAML file that says which models to serve, and how. No Django in it."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar

import yaml

from inference.enums import SystemPromptMode
from inference.exceptions import SpecError
from inference.prompting import PromptMode

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")
_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]*")
DTYPES = ("auto", "bfloat16", "float16", "float32")
LOCAL_HOSTS = ("localhost", "127.0.0.1")

T = TypeVar("T")


@dataclass(frozen=True)
class ModelSpec:
    """One model and its server. `path`, relative to the project, or `hub_id` says where its weights are."""

    name: str
    """What the server calls the model, and the name of its served model."""
    port: int
    path: str = ""
    hub_id: str = ""
    revision: str = ""
    dtype: str = "auto"
    max_model_len: int | None = None
    chat_template: str = ""
    gpu_memory_utilization: float | None = None
    tensor_parallel_size: int = 1
    system_prompt_mode: PromptMode = "system"
    extra_args: tuple[str, ...] = ()
    env: dict[str, str] = field(default_factory=dict)

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"


@dataclass(frozen=True)
class HostSpec:
    """A machine that serves models. Today that is the one where the launcher runs."""

    name: str


@dataclass(frozen=True)
class Spec:
    """A whole file."""

    source: Path
    models: tuple[ModelSpec, ...]
    hosts: tuple[HostSpec, ...] = (HostSpec("localhost"),)


def load_spec(source: Path) -> Spec:
    """Read `source`. Raises SpecError, whose message names the file, the line and the key."""
    try:
        text = source.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise SpecError(f"{source}: cannot be read: {error}") from error
    loader = yaml.SafeLoader(text)
    try:
        return _Reader(source, loader).spec(loader.get_single_node())
    except yaml.MarkedYAMLError as error:
        line = f":{error.problem_mark.line + 1}" if error.problem_mark else ""
        raise SpecError(f"{source}{line}: this is not YAML: {error.problem}") from error
    finally:
        loader.dispose()


class _Reader:
    """Walks the YAML nodes, which know their lines."""

    def __init__(self, source: Path, loader: yaml.SafeLoader) -> None:
        self._source = source
        self._loader = loader

    def spec(self, root: yaml.Node | None) -> Spec:
        if root is None:
            raise SpecError(f"{self._source}: the file is empty; it needs the key 'models'.")
        parts = self._mapping(root, ("models", "hosts"), "the file")
        if "models" not in parts:
            raise self._error(root, "models", "is missing")
        models = tuple(self._model(node) for node in self._sequence(parts["models"], "models"))
        self._refuse_doubles(parts["models"], models)
        if "hosts" not in parts:
            return Spec(self._source, models)
        hosts = tuple(self._host(node) for node in self._sequence(parts["hosts"], "hosts"))
        return Spec(self._source, models, hosts)

    def _model(self, node: yaml.Node) -> ModelSpec:
        parts = self._mapping(node, tuple(_MODEL_KEYS), "a model")
        values = {key: self._value(child, key, _MODEL_KEYS[key]) for key, child in parts.items()}
        for required in ("name", "port"):
            if required not in values:
                raise self._error(node, required, "is missing")
        if ("path" in values) == ("hub_id" in values):
            raise self._error(node, "path", "or 'hub_id' must be given, and only one of them")
        if "revision" in values and "path" in values:
            raise self._error(parts["revision"], "revision", "is for models from the hub; a path has none")
        return ModelSpec(**values)

    def _host(self, node: yaml.Node) -> HostSpec:
        parts = self._mapping(node, ("name",), "a host")
        if "name" not in parts:
            raise self._error(node, "name", "is missing")
        return HostSpec(self._value(parts["name"], "name", _local_host))

    def _refuse_doubles(self, node: yaml.Node, models: tuple[ModelSpec, ...]) -> None:
        for key in ("name", "port"):
            seen: set[object] = set()
            for model, child in zip(models, node.value, strict=True):
                value = getattr(model, key)
                if value in seen:
                    raise self._error(child, key, f"{value} is given twice")
                seen.add(value)

    def _mapping(self, node: yaml.Node, allowed: tuple[str, ...], what: str) -> dict[str, yaml.Node]:
        if not isinstance(node, yaml.MappingNode):
            raise SpecError(f"{self._where(node)}: {what} must be a mapping of keys to values.")
        parts: dict[str, yaml.Node] = {}
        for key_node, child in node.value:
            key = str(key_node.value)
            if key not in allowed:
                raise self._error(key_node, key, f"is unknown; {what} may have: {', '.join(allowed)}")
            if key in parts:
                raise self._error(key_node, key, "is given twice")
            parts[key] = child
        return parts

    def _sequence(self, node: yaml.Node, key: str) -> Iterator[yaml.Node]:
        if not isinstance(node, yaml.SequenceNode) or not node.value:
            raise self._error(node, key, "must be a list of at least one")
        return iter(node.value)

    def _value(self, node: yaml.Node, key: str, convert: Callable[[Any], T]) -> T:
        try:
            return convert(self._loader.construct_object(node, deep=True))
        except ValueError as error:
            raise self._error(node, key, str(error)) from error

    def _error(self, node: yaml.Node, key: str, problem: str) -> SpecError:
        return SpecError(f"{self._where(node)}: '{key}' {problem}.")

    def _where(self, node: yaml.Node) -> str:
        return f"{self._source}:{node.start_mark.line + 1}"


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"must be text, not {value!r}")
    return value


def _matching(pattern: re.Pattern[str], example: str) -> Callable[[Any], str]:
    def convert(value: Any) -> str:
        if not isinstance(value, str) or not pattern.fullmatch(value):
            raise ValueError(f"must look like {example}, not {value!r}")
        return value

    return convert


def _one_of(*allowed: str) -> Callable[[Any], Any]:
    def convert(value: Any) -> Any:
        if value not in allowed:
            raise ValueError(f"must be one of {', '.join(allowed)}, not {value!r}")
        return value

    return convert


def _whole(minimum: int, maximum: int) -> Callable[[Any], int]:
    def convert(value: Any) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not minimum <= value <= maximum:
            raise ValueError(f"must be a whole number from {minimum} to {maximum}, not {value!r}")
        return value

    return convert


def _fraction(value: Any) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 < value <= 1:
        raise ValueError(f"must be a number above 0 and up to 1, not {value!r}")
    return float(value)


def _arguments(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str | int | float) for item in value):
        raise ValueError("must be a list of arguments, such as [--enforce-eager, --seed, 7]")
    return tuple(str(item) for item in value)


def _environment(value: Any) -> dict[str, str]:
    if not isinstance(value, dict) or not all(_VARIABLE.fullmatch(str(key)) for key in value):
        raise ValueError("must be a mapping of variables in capitals to their values")
    return {str(key): str(item) for key, item in value.items()}


def _local_host(value: Any) -> str:
    if value not in LOCAL_HOSTS:
        raise ValueError(f"must be localhost, since servers are started on this machine only, not {value!r}")
    return str(value)


_MODEL_KEYS: dict[str, Callable[[Any], Any]] = {
    "name": _matching(_NAME, "latxa-8b-instruct"),
    "path": _text,
    "hub_id": _matching(_HUB_ID, "HiTZ/Latxa-Llama-3.1-8B-Instruct"),
    "revision": _text,
    "port": _whole(1024, 65535),
    "dtype": _one_of(*DTYPES),
    "max_model_len": _whole(1, 10_000_000),
    "chat_template": _text,
    "gpu_memory_utilization": _fraction,
    "tensor_parallel_size": _whole(1, 1024),
    "system_prompt_mode": _one_of(*SystemPromptMode.values),
    "extra_args": _arguments,
    "env": _environment,
}
assert _MODEL_KEYS.keys() == {known.name for known in fields(ModelSpec)}
