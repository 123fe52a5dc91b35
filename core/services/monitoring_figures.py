"""Charts of the monitoring page, from the findings about a window."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from core.monitoring.drift import FeatureDrift
from core.monitoring.effect import FeatureEffect
from core.monitoring.features import NumericFeature
from core.monitoring.figure_matter import effect_figure, slice_figure
from core.monitoring.figure_performance import performance_figure
from core.monitoring.figure_timeline import drift_timeline, performance_timeline
from core.monitoring.figures import distribution_figure, drift_bars, violin_figure
from core.monitoring.reference import TRAINING, Reference
from core.monitoring.slices import FeatureSlices
from core.monitoring.timeline_value import WindowResult

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

    from core.monitoring.features import FeatureProfile


def drift(found: Sequence[FeatureDrift]) -> Figure:
    """PSI of every feature against its threshold."""
    return drift_bars(found)


def distribution(
    feature: FeatureProfile, values: Any, title: str, reference: Reference = TRAINING
) -> Figure:
    """Reference and production side by side, as shares."""
    return distribution_figure(feature, values, title, reference)


def violin(
    feature: FeatureProfile, values: Any, title: str, reference: Reference = TRAINING
) -> Figure | None:
    """Both as violins; None for what is not numeric."""
    if not isinstance(feature, NumericFeature):
        return None
    return violin_figure(feature, values, title, reference)


def performance(
    reference: Mapping[str, float],
    estimated: Mapping[str, Any],
    realised: Mapping[str, Any] | None,
    held_against: Reference = TRAINING,
) -> Figure | None:
    """Metrics with their 95% intervals beside those before; None if production has none."""
    return performance_figure(reference, estimated, realised, held_against)


def matter(effects: Sequence[FeatureEffect], found: Sequence[FeatureDrift]) -> Figure:
    """How far each feature moved, and what the model makes of it."""
    return effect_figure(effects, found)


def where(found: FeatureSlices, reference: Reference = TRAINING) -> Figure:
    """The slices that explain most of a feature's drift, or of the loss."""
    return slice_figure(found, reference)


def timeline(windows: Sequence[WindowResult]) -> Figure:
    """The worst feature's drift against its threshold, window after window."""
    return drift_timeline(windows)


def difference(found: Mapping[str, Mapping[str, Any]], metric: str) -> Figure:
    """Challengers minus champion in one metric; ``found``: a part of a retraining's findings."""
    from core.evaluation.figure_difference import difference_figure

    return difference_figure(
        {one["challenger"]: one["differences"][metric] for one in found.values()}, metric
    )


def performance_over_time(
    windows: Sequence[WindowResult],
    metric: str,
    reference: float | None,
    held_against: Reference = TRAINING,
) -> Figure | None:
    """A metric estimated and realised, with its bands; None where no window has either."""
    return performance_timeline(windows, metric, reference, held_against)
