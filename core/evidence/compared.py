"""Versions measured on the same rows and set side by side."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from core.evaluation.one_sided import OneSided, one_sided
from core.evaluation.sides import Side, side_by_side
from core.evidence.bench import Bench
from core.tracking.registry import Version

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Compared:
    """``sides`` by version number, of those that could be measured, in the order asked for.

    ``champion`` is its number where it is among them; differences are against it. ``one_sided``:
    those that decide nearly all of these rows alike.
    """

    bench: Bench
    sides: Mapping[str, Side]
    champion: str | None
    one_sided: Mapping[str, OneSided] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        return len(self.bench.y)

    @property
    def labels(self) -> dict[str, str]:
        """Version number to its label."""
        return {one.version.version: one.version.label for one in self.bench.measured}

    @property
    def strong(self) -> str | None:
        """The champion's label, to be stressed on charts."""
        return self.labels.get(self.champion or "")

    def by_label(self, pick: Callable[[Side], T]) -> dict[str, T]:
        """Something of every side, by the version's label."""
        return {self.labels[number]: pick(side) for number, side in self.sides.items()}


def compared(bench: Bench, chosen: Sequence[Version]) -> Compared:
    """Set a bench's versions side by side, against the champion if it is among ``chosen``."""
    numbers = [one.version.version for one in bench.measured]
    champion = next((v.version for v in chosen if v.is_champion and v.version in numbers), None)
    sides = side_by_side(
        bench.y,
        [one.probability for one in bench.measured],
        [one.version.threshold for one in bench.measured],
        numbers.index(champion) if champion else None,
    )
    alike = {
        one.version.version: found
        for one in bench.measured
        if (found := one_sided(bench.y, one.probability, one.version.threshold)) is not None
    }
    return Compared(bench, dict(zip(numbers, sides, strict=True)), champion, alike)
