"""What if one value were another: explored with a version, marked as such, never logged."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from core.dataset.spec import ProjectSpec
from core.monitoring.features import CategoryFeature, NumericFeature
from core.monitoring.profile import ReferenceProfile
from core.scoring import what_if
from core.scoring.row import one_row
from core.scoring.what_if import Curve
from core.settings import Settings
from core.tracking import models
from core.tracking.registry import Version

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

_MOST_CATEGORIES = 20


def curve(
    settings: Settings,
    spec: ProjectSpec,
    profile: ReferenceProfile,
    version: Version,
    values: Mapping[str, Any],
    column: str,
) -> Curve:
    """Probability along one raw column, over training's range and the row's own value."""
    pipeline = models.load_pipeline(settings, version)
    row = one_row(values, spec)
    return what_if.curve(
        pipeline, row, column, _range_of(spec, profile, column, values.get(column))
    )


def curve_figure(
    spec: ProjectSpec,
    profile: ReferenceProfile,
    found: Curve,
    now: tuple[Any, float],
    scored: tuple[Any, float],
    threshold: float,
) -> Figure:
    """The curve with both points, (value, probability), over training's distribution."""
    from core.monitoring import binning
    from core.scoring import figures

    column = spec.column(found.column)
    feature = profile.features.get(found.column)
    title = column.title[:1].upper() + column.title[1:]
    title += f" ({column.unit})" if column.unit else ""
    bars = None
    if isinstance(feature, NumericFeature) and feature.values:
        edges = binning.edges(feature, np.array([]))
        shares = binning.shares(edges, feature.values, feature.weights)
        bars = (edges[:-1] + np.diff(edges) / 2, shares)
    elif isinstance(feature, CategoryFeature):
        shares = np.array(feature.counts[:-2], dtype=float) / max(sum(feature.counts), 1)
        bars = ([_choice(column.kind, one) for one in feature.categories], shares)
    return figures.curve_figure(
        Curve(
            found.column, tuple(_choice(column.kind, v) for v in found.values), found.probability
        ),
        (_choice(column.kind, now[0]), now[1]),
        (_choice(column.kind, scored[0]), scored[1]),
        threshold,
        (title, spec.target.positive_words),
        bars,
    )


def _choice(kind: str, value: Any) -> Any:
    """A value as its axis shows it."""
    if kind != "boolean" or isinstance(value, str):
        return value
    return "yes" if value else "no"


def _range_of(
    spec: ProjectSpec, profile: ReferenceProfile, column: str, value: Any
) -> tuple[Any, ...]:
    feature = profile.features.get(column)
    if isinstance(feature, NumericFeature) and feature.minimum is not None:
        ends = [feature.minimum, feature.maximum, *([value] if value is not None else [])]
        whole = all(float(one).is_integer() for one in (*feature.values, *ends[2:]))
        return what_if.along(float(min(ends)), float(max(ends)), whole)
    if spec.kinds[column] == "boolean":
        return (0.0, 1.0)
    listed = feature.categories[:_MOST_CATEGORIES] if isinstance(feature, CategoryFeature) else ()
    return tuple(dict.fromkeys([*listed, *([value] if value is not None else [])]))
