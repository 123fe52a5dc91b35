"""Reading single values out of a specification: one fault noted for each that does not fit."""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping, Sequence
from typing import Any


class ValueReader:
    """Readers of one value each; what does not fit is added to ``faults`` and a default returned.

    ``where`` is the place of the entry in the file, such as "training.", for the message.
    """

    def __init__(self) -> None:
        self.faults: list[str] = []

    def _known(self, entry: Mapping[str, Any], allowed: Sequence[str], where: str) -> None:
        for key in entry:
            if str(key) not in allowed:
                self.faults.append(f"{where}{key} is not a known key{suggest(str(key), allowed)}")

    def _mapping(
        self,
        parent: Mapping[str, Any],
        key: str,
        where: str,
        allowed: Sequence[str] | None,
        required: bool = False,
    ) -> dict[str, Any]:
        value = parent.get(key)
        if value is None:
            if required:
                self.faults.append(f"{where}{key} is missing")
            return {}
        if not isinstance(value, dict):
            self.faults.append(f"{where}{key} must be a mapping; found {type(value).__name__}")
            return {}
        if allowed is not None:
            self._known(value, allowed, f"{where}{key}.")
        return value

    def _text(
        self,
        entry: Mapping[str, Any],
        key: str,
        default: str,
        where: str = "",
        required: bool = False,
    ) -> str:
        value = entry.get(key)
        if value is None:
            if required:
                self.faults.append(f"{where}{key} is missing")
            return default
        if isinstance(value, (dict, list)):
            self.faults.append(f"{where}{key} must be text")
            return default
        return " ".join(str(value).split())

    def _flag(self, entry: Mapping[str, Any], key: str, default: bool, where: str) -> bool:
        value = entry.get(key, default)
        if not isinstance(value, bool):
            self.faults.append(f"{where}{key} must be true or false; found {value!r}")
            return default
        return value

    def _number(
        self,
        entry: Mapping[str, Any],
        key: str,
        default: float,
        low: float,
        high: float,
        where: str,
    ) -> float:
        value = entry.get(key, default)
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            self.faults.append(f"{where}{key} must be a number; found {value!r}")
            return default
        if not low <= value <= high:
            self.faults.append(f"{where}{key} must lie between {low:g} and {high:g}; found {value}")
        return float(value)

    def _whole(
        self, entry: Mapping[str, Any], key: str, default: int, low: int, high: int, where: str
    ) -> int:
        value = entry.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            self.faults.append(
                f"{where}{key} must be a whole number from {low} to {high}; found {value!r}"
            )
            return default
        return value


def suggest(name: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    return f" (did you mean {close[0]!r}?)" if close else ""


def is_plain(value: object) -> bool:
    """True for what JSON holds as one value: text, a finite number, true, false, null."""
    if isinstance(value, float):
        return math.isfinite(value)
    return value is None or isinstance(value, (str, int, bool))
