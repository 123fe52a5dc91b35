"""From a point on the court back to the raw columns that say where a shot was taken."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from core.dataset.expression import Expression
from core.dataset.spec import ProjectSpec

if TYPE_CHECKING:
    import pandas as pd

Array = np.ndarray[Any, np.dtype[Any]]

MOST_FEET_OFF = 1.0
FOLLOWING_SHARE = 0.97
FEWEST_ROWS = 30
MOST_DECIMALS = 6


@dataclass(frozen=True)
class Placing:
    """The court's two expressions, turned round.

    ``columns`` are the two that hold the position; ``distance`` is a column that in training is
    the distance to the basket, or None. ``decimals`` are those of each column in training.
    """

    columns: tuple[str, str]
    inverse: tuple[tuple[float, float], tuple[float, float]]
    origin: tuple[float, float]
    decimals: tuple[int, int]
    distance: str | None = None
    whole_feet: bool = False

    def columns_at(self, x: Array, y: Array) -> dict[str, Array]:
        """Values of the position's columns, and of the distance, at feet from the basket (n,)."""
        feet = np.stack([np.asarray(x, dtype=float), np.asarray(y, dtype=float)])
        found = np.asarray(self.inverse) @ (feet - np.asarray(self.origin)[:, None])
        placed = {
            name: np.round(values, decimals)
            for name, values, decimals in zip(self.columns, found, self.decimals, strict=True)
        }
        if self.distance is not None:
            far = np.hypot(feet[0], feet[1])
            placed[self.distance] = np.floor(far) if self.whole_feet else np.round(far, 1)
        return placed


def placing(spec: ProjectSpec, training: pd.DataFrame) -> Placing | None:
    """How a click on the court sets the project's columns; None where it cannot.

    It can where both expressions are linear in the same two numeric raw columns. ``training``
    (m, raw columns): rows that tell the decimals, and which column follows the distance.
    """
    if spec.court is None:
        return None
    x, y = Expression(spec.court.x), Expression(spec.court.y)
    names = tuple(dict.fromkeys([*x.columns, *y.columns]))
    if len(names) != 2 or any(spec.kinds.get(name) != "numeric" for name in names):
        return None
    turned = _turned_round(x, y, names)
    if turned is None:
        return None
    inverse, origin = turned
    first, second = names
    feet = _feet(x, y, {name: training[name].to_numpy(dtype=float) for name in names})
    distance, whole = _following(spec, training, np.hypot(*feet), names)
    decimals = (
        decimals_of(training[first].to_numpy(float)),
        decimals_of(training[second].to_numpy(float)),
    )
    return Placing(
        (first, second),
        ((inverse[0, 0], inverse[0, 1]), (inverse[1, 0], inverse[1, 1])),
        (origin[0], origin[1]),
        decimals,
        distance,
        whole,
    )


def decimals_of(values: Array) -> int:
    """How many decimals these values have, 6 at the most; 0 for none at all."""
    known = values[np.isfinite(values)]
    for decimals in range(MOST_DECIMALS):
        if np.allclose(np.round(known, decimals), known, rtol=0, atol=10.0 ** -(decimals + 4)):
            return decimals
    return MOST_DECIMALS


def _feet(x: Expression, y: Expression, columns: dict[str, Array]) -> Array:
    """Shape (2, n)."""
    return np.stack([x.evaluate(columns), y.evaluate(columns)])


def _turned_round(x: Expression, y: Expression, names: tuple[str, ...]) -> Any:
    """The inverse matrix and the origin of a linear map; None if it is bent or flat."""
    at = np.array([[0.0, 1.0, 0.0, 3.0, -2.0], [0.0, 0.0, 1.0, -4.0, 5.0]])
    feet = _feet(x, y, {name: at[place] for place, name in enumerate(names)})
    if not np.isfinite(feet).all():
        return None
    origin = feet[:, 0]
    matrix = feet[:, 1:3] - origin[:, None]
    straight = np.allclose(matrix @ at + origin[:, None], feet, rtol=1e-9, atol=1e-6)
    if not straight or abs(np.linalg.det(matrix)) < 1e-9:
        return None
    return np.linalg.inv(matrix), origin


def _following(
    spec: ProjectSpec, training: pd.DataFrame, far: Array, position: tuple[str, ...]
) -> tuple[str | None, bool]:
    """The raw column that is the distance in training, and whether it is cut to whole feet."""
    for name in spec.raw_columns:
        if name in position or spec.kinds[name] != "numeric":
            continue
        values = training[name].to_numpy(dtype=float)
        known = np.isfinite(values) & np.isfinite(far)
        if known.sum() < FEWEST_ROWS or values[known].std() <= MOST_FEET_OFF:
            continue
        if (np.abs(far[known] - values[known]) <= MOST_FEET_OFF).mean() >= FOLLOWING_SHARE:
            return name, decimals_of(values[known]) == 0
    return None, False
