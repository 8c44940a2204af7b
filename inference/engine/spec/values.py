"""From plain YAML to the values of a spec. Each converter raises ValueError with what would be right."""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from inference.engine.spec.types import Share

Converter = Callable[[Any], Any]

VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]*")
_PORTS = re.compile(r"(\d+)-(\d+)")
_LONGEST_PATH, _LONGEST_NAME = 1000, 255
# No command line can hold NUL, and no file half a pair of surrogates.
_UNWRITABLE = re.compile("[\0\ud800-\udfff]")


def text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip() or _UNWRITABLE.search(value):
        raise ValueError(f"must be text, not {value!r}")
    return value


def path(value: Any) -> str:
    if len(text(value)) > _LONGEST_PATH or any(len(part.encode()) > _LONGEST_NAME for part in str(value).split("/")):
        raise ValueError("must be a path, and is longer than any")
    return str(value)


def short_text(value: Any) -> str:
    """Text that a served model has room for. A commit of digits alone has to be in quotes."""
    if len(text(value)) > 100:
        raise ValueError(f"must be at most 100 characters, not {len(value)}")
    return str(value)


def line_of_text(value: Any) -> str:
    """Text that can stand on one line of a script."""
    if (
        not isinstance(value, str | int)
        or isinstance(value, bool)
        or not str(value).strip()
        or str(value).splitlines() != [str(value)]
        or _UNWRITABLE.search(str(value))
    ):
        raise ValueError(f"must be one line of text, not {value!r}")
    return str(value)


def matching(pattern: str, example: str) -> Callable[[Any], str]:
    def convert(value: Any) -> str:
        if not isinstance(value, str) or not re.fullmatch(pattern, value):
            raise ValueError(f"must look like {example}, not {value!r}")
        return value

    return convert


def base_url(value: Any) -> str:
    url = matching(r"https?://[^\s?#@\x00-\x1f\x7f\ud800-\udfff]{1,200}", "https://api.openai.com/v1")(value)
    try:
        parts = urlsplit(url)
        is_address = bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_address = False
    if not is_address:
        raise ValueError(f"must name a host, and no port above 65535, not {value!r}")
    return url


_address = matching(r"[A-Za-z0-9][A-Za-z0-9.-]{0,252}|\[[0-9A-Fa-f:]+\]", "10.0.0.5 or [fd00::5]")


def address(value: Any) -> str:
    found = _address(value)
    if found in {"0.0.0.0", "[::]"}:
        raise ValueError(f"must be one that others can ask, not {found}, which is every address of whoever asks")
    return found


def one_of(*allowed: Any) -> Converter:
    def convert(value: Any) -> Any:
        # Not only equal, since `true` is equal to 1.
        if not any(value == each and type(value) is type(each) for each in allowed):
            raise ValueError(f"must be one of {', '.join(map(str, allowed))}, not {value!r}")
        return value

    return convert


def whole(minimum: int, maximum: int) -> Callable[[Any], int]:
    def convert(value: Any) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not minimum <= value <= maximum:
            raise ValueError(f"must be a whole number from {minimum} to {maximum}, not {value!r}")
        return value

    return convert


port = whole(1024, 65535)


def gigabytes(value: Any) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 < value < 100_000:
        raise ValueError(f"must be a number of gigabytes, such as 80, not {value!r}")
    return float(value)


def share(value: Any) -> Share:
    if value == "fit":
        return "fit"
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 < value <= 1:
        raise ValueError(f"must be a number above 0 and up to 1, or fit, not {value!r}")
    return float(value)


def arguments(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(map(_is_plain, value)):
        raise ValueError("must be a list of arguments, such as [--enforce-eager, --seed, 7]")
    return tuple(str(item) for item in value)


def environment(value: Any) -> dict[str, str]:
    if not isinstance(value, dict) or not all(VARIABLE.fullmatch(str(key)) for key in value):
        raise ValueError("must be a mapping of variables in capitals to their values")
    if not all(map(_is_plain, value.values())):
        raise ValueError("must have a text or a number for each variable; write true, null and the like in quotes")
    if "CUDA_VISIBLE_DEVICES" in value:
        raise ValueError(
            "must not set CUDA_VISIBLE_DEVICES: give 'gpus' of the host, and 'gpus' of the model to choose"
        )
    return {str(key): str(item) for key, item in value.items()}


def _is_plain(value: Any) -> bool:
    """Whether a value is the same in YAML and on a command line; `yes` and `null` are not."""
    return isinstance(value, str | int | float) and not isinstance(value, bool) and not _UNWRITABLE.search(str(value))


def one_or_more(convert: Converter) -> Callable[[Any], tuple[Any, ...]]:
    """A value, or a list of at least one of them, none twice."""

    def convert_all(value: Any) -> tuple[Any, ...]:
        found = tuple(convert(item) for item in value) if isinstance(value, list) else (convert(value),)
        if not found or len(set(found)) != len(found):
            raise ValueError(f"must be one or a list of different ones, not {value!r}")
        return found

    return convert_all


def lines(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise ValueError(f"must be a list of lines, not {value!r}")
    return tuple(line_of_text(item) for item in value)


def gpu_memory(value: Any) -> tuple[float, ...]:
    """`{count: 8, memory_gb: 80}`, or the memory of each GPU, `[80, 80, 40]`."""
    if isinstance(value, list) and value:
        return tuple(gigabytes(item) for item in value)
    if isinstance(value, dict) and set(value) == {"count", "memory_gb"}:
        return (gigabytes(value["memory_gb"]),) * whole(1, 1024)(value["count"])
    raise ValueError(f"must be like {{count: 8, memory_gb: 80}} or [80, 80], not {value!r}")


def port_range(value: Any) -> tuple[int, int]:
    found = _PORTS.fullmatch(value) if isinstance(value, str) else None
    if not found:
        raise ValueError(f"must be like 8100-8199, not {value!r}")
    first, last = port(int(found[1])), port(int(found[2]))
    if first > last:
        raise ValueError(f"must begin with the smaller port, not {value!r}")
    return first, last
