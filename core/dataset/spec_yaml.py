"""YAML without its traps: no objects, no aliases, no name twice, no number of a million digits."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import yaml

from core.errors import SpecError


def read_mapping(text: str, source: str) -> dict[Any, Any]:
    """The mapping that a YAML text holds; raises SpecError on anything else."""
    try:
        content = yaml.load(text, _PlainLoader)
    except RecursionError as exc:
        raise SpecError(f"{source} is not valid YAML: it is nested too deeply.") from exc
    except (yaml.YAMLError, ValueError) as exc:  # ValueError: a date or a number that is none
        raise SpecError(f"{source} is not valid YAML: {' '.join(str(exc).split())}") from exc
    if not isinstance(content, dict):
        raise SpecError(
            f"{source} should be a mapping with target, columns, …; found {type(content).__name__}."
        )
    return content


class _PlainLoader(yaml.SafeLoader):
    """A SafeLoader that refuses what a specification never needs and an attack does."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        # Ten lines of aliases can stand for a billion values.
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark
            raise yaml.YAMLError(f"line {mark.line + 1} has an alias (*); write the value out")
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Hashable, Any]:
        # YAML would keep the last of two values and forget the first without a word.
        seen: set[str] = set()
        for key in (key for key, _ in node.value if isinstance(key, yaml.ScalarNode)):
            if key.value in seen:
                line = key.start_mark.line + 1
                raise yaml.YAMLError(f"line {line} has the name {key.value!r} a second time")
            seen.add(key.value)
        return super().construct_mapping(node, deep)

    def construct_yaml_int(self, node: Any) -> int:
        if len(node.value) > 40:
            line = node.start_mark.line + 1
            raise yaml.YAMLError(f"line {line} has a number of {len(node.value)} digits")
        return super().construct_yaml_int(node)


_PlainLoader.add_constructor("tag:yaml.org,2002:int", _PlainLoader.construct_yaml_int)
