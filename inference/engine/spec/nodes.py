"""Walk YAML nodes, which know their lines, and refuse what is wrong with file, line and key."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import yaml

from inference.exceptions import SpecError

T = TypeVar("T")
_MERGE = "tag:yaml.org,2002:merge"


class Nodes:
    """The nodes of one file."""

    def __init__(self, source: Path, loader: yaml.SafeLoader) -> None:
        self._source = source
        self._loader = loader
        self._merging: list[yaml.Node] = []

    def mapping(self, node: yaml.Node, allowed: Iterable[str], what: str) -> dict[str, yaml.Node]:
        """The values of a mapping by key, with what `<<` brings in. Raises SpecError on unknown and doubled keys."""
        if not isinstance(node, yaml.MappingNode):
            raise SpecError(f"{self._where(node)}: {what} must be a mapping of keys to values.")
        parts: dict[str, yaml.Node] = {}
        merged: list[yaml.Node] = []
        for key_node, child in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                raise SpecError(f"{self._where(key_node)}: a key of {what} must be a word, not a list or a mapping.")
            key = key_node.value
            if key_node.tag == _MERGE:
                merged += child.value if isinstance(child, yaml.SequenceNode) else [child]
                continue
            if key not in allowed:
                raise self.error(key_node, key, f"is unknown; {what} may have: {', '.join(allowed)}")
            if key in parts:
                raise self.error(key_node, key, "is given twice")
            parts[key] = child
        for other in merged:
            # An anchor may be used within itself.
            if other in self._merging:
                raise self.error(other, "<<", "leads back to itself")
            self._merging.append(other)
            parts = self.mapping(other, allowed, what) | parts
            self._merging.pop()
        return parts

    def lines(self, node: yaml.Node, parts: dict[str, yaml.Node]) -> dict[str, int]:
        """The line of each key's value, and under "" that of the mapping."""
        return {"": _line(node)} | {key: _line(child) for key, child in parts.items()}

    def sequence(self, node: yaml.Node, key: str) -> Iterator[yaml.Node]:
        """The items of a list that must not be empty."""
        if not isinstance(node, yaml.SequenceNode) or not node.value:
            raise self.error(node, key, "must be a list of at least one")
        return iter(node.value)

    def value(self, node: yaml.Node, key: str, convert: Callable[[Any], T]) -> T:
        """The node's value, as `convert` makes it out of plain YAML or refuses it with a ValueError."""
        try:
            return convert(self._plain(node))
        except ValueError as error:
            raise self.error(node, key, str(error)) from error

    def _plain(self, node: yaml.Node) -> Any:
        try:
            return self._loader.construct_object(node, deep=True)
        except (KeyError, IndexError, AttributeError, TypeError) as error:
            # What PyYAML raises for a tag that its value does not fit, such as `!!bool maybe`.
            raise ValueError(f"is no value of its kind, {node.tag}") from error

    def error(self, node: yaml.Node, key: str, problem: str) -> SpecError:
        return SpecError(f"{self._where(node)}: '{key}' {problem}.")

    def _where(self, node: yaml.Node) -> str:
        return f"{self._source}:{_line(node)}"


def _line(node: yaml.Node) -> int:
    return node.start_mark.line + 1
