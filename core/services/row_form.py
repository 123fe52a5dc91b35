"""A form for one row, made from the specification and the champion's training data."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.dataset.placing import decimals_of
from core.dataset.spec import Column, ProjectSpec
from core.monitoring.features import CategoryFeature, FeatureProfile, NumericFeature
from core.monitoring.profile import ReferenceProfile
from core.monitoring.words import number, percent, with_unit
from core.signs import minus


@dataclass(frozen=True)
class Field:
    """One input of the form; ``choices`` only of categories.

    Of a number: ``step``, ``decimals`` and training's ``low`` and ``high``; else None. ``needed``:
    a row without it is refused.
    """

    name: str
    title: str
    kind: str
    unit: str
    default: Any
    help: str
    step: float | int | None = None
    decimals: int = 0
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    needed: bool = False

    @property
    def label(self) -> str:
        """The title with its unit, beginning with a capital."""
        return f"{self.heading} ({self.unit})" if self.unit else self.heading

    @property
    def heading(self) -> str:
        return self.title[:1].upper() + self.title[1:]

    @property
    def format(self) -> str:
        """How a number is written, in C's notation: with the decimals that training has."""
        return "%d" if self.whole else f"%.{self.decimals}f"

    @property
    def whole(self) -> bool:
        return isinstance(self.step, int)

    def shown(self, value: Any) -> str:
        """A value as a person reads it, with its unit."""
        if value is None or (isinstance(value, float) and math.isnan(value)):
            return "left empty"
        if self.kind == "boolean":
            return "yes" if value else "no"
        if self.kind == "categorical":
            return str(value)
        text = f"{float(value):,.{self.decimals}f}"
        text = text.rstrip("0").rstrip(".") if "." in text else text
        return with_unit(minus(text), self.unit)


def fields(spec: ProjectSpec, profile: ReferenceProfile) -> list[Field]:
    """One field per raw column, in the project's order, filled with what training has most."""
    return [
        _field(column, profile.features.get(column.name), column.name in spec.required_columns)
        for column in spec.columns
    ]


def _field(column: Column, feature: FeatureProfile | None, needed: bool) -> Field:
    about = (column.name, column.title, column.kind, column.unit)
    if isinstance(feature, NumericFeature) and feature.quantiles:
        return _numeric_field(about, feature, needed)
    if isinstance(feature, CategoryFeature) and feature.categories:
        return _category_field(about, feature, needed)
    empty: dict[str, Any] = {"numeric": 0.0, "boolean": False, "categorical": None}
    step = 1.0 if column.kind == "numeric" else None
    return Field(*about, empty[column.kind], "Training has no value of it.", step, 2, needed=needed)


def _numeric_field(
    about: tuple[str, str, str, str], feature: NumericFeature, needed: bool
) -> Field:
    decimals = decimals_of(np.asarray(feature.values))
    low, middle, high = (
        with_unit(number(value, feature.std), feature.unit)
        for value in (feature.minimum, feature.quantile(0.5), feature.maximum)
    )
    median = feature.quantile(0.5) or 0.0
    return Field(
        *about,
        median if decimals else int(median),
        f"Training has {low} to {high}, with a median of {middle}.",
        _fine_step(feature.std) if decimals else 1,
        decimals,
        feature.minimum,
        feature.maximum,
        needed=needed,
    )


def _category_field(
    about: tuple[str, str, str, str], feature: CategoryFeature, needed: bool
) -> Field:
    most = feature.categories[0]
    share = percent(feature.counts[0] / max(sum(feature.counts[:-1]), 1))
    words = f"Most often {most!r} in training ({share})."
    if feature.kind == "boolean":
        return Field(*about, most == "yes", words, needed=needed)
    return Field(*about, most, words, choices=tuple(feature.categories), needed=needed)


def _fine_step(std: float | None) -> float:
    """A power of ten about a tenth of the spread."""
    return 10.0 ** math.floor(math.log10(std)) / 10 if std else 1.0
