"""A row's passport: how unusual it is, what training was near it, what moved the prediction.

Everything here is computed for looking at; nothing is logged.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from core.dataset.placing import Placing, placing
from core.dataset.prepare import derive
from core.dataset.spec import ProjectSpec
from core.dataset.validate import coerce
from core.monitoring.features import CategoryFeature, FeatureProfile, NumericFeature
from core.monitoring.position import percentile_of, percentile_words
from core.monitoring.profile import ReferenceProfile
from core.monitoring.words import number, percent, with_unit
from core.scoring.row import one_row
from core.settings import Settings
from core.signs import signed
from core.tracking import models
from core.tracking.registry import Version

if TYPE_CHECKING:
    import pandas as pd
    from plotly.graph_objects import Figure

    from core.scoring.explain import Explanation
    from core.scoring.figures import Place
    from core.scoring.neighbours import Neighbours, Space

NEIGHBOURS = 8
DISTANCE_WORDS = (
    "Root mean square over the model's features of the difference in standard deviations; a "
    "category counts 0 if it is the same and 1 if not (Wilson & Martinez, 1997)."
)


@dataclass(frozen=True, eq=False)
class Training:
    """What is kept of a version's training rows, made ready for many questions.

    ``rows`` (m, raw columns), coerced; ``labels`` (m,), nan where unknown; ``placing`` is how a
    click on the court sets columns, None where the project has no such court.
    """

    spec: ProjectSpec
    profile: ReferenceProfile
    rows: pd.DataFrame
    labels: np.ndarray
    space: Space
    placing: Placing | None


@dataclass(frozen=True, eq=False)
class Near:
    """The nearest training rows, nearest first, and their outcomes: 0, 1, or nan if unknown."""

    rows: pd.DataFrame
    outcome: np.ndarray
    found: Neighbours

    @property
    def known(self) -> int:
        return int((~np.isnan(self.outcome)).sum())

    @property
    def positive(self) -> int:
        return int((self.outcome == 1).sum())


def training_of(spec: ProjectSpec, profile: ReferenceProfile) -> Training:
    """Make a version's profile ready; versions of any age have a sample of training rows."""
    from core.scoring.neighbours import Space

    kept = profile.sample_frame()
    rows = coerce(kept.reindex(columns=list(spec.raw_columns)), spec, "The kept rows").values
    known = {name: profile.features[name].kind for name in spec.features if name in kept}
    return Training(
        spec,
        profile,
        rows,
        profile.sample_label,
        Space(kept, known),
        placing(spec, rows),
    )


def places(training: Training, values: Mapping[str, Any], shown: Mapping[str, str]) -> list[Place]:
    """Where each raw value lies in training; ``shown``: column to the value in words."""
    known = [one for one in training.spec.columns if one.name in training.profile.features]
    return [
        _place(
            training.profile.features[one.name], values.get(one.name), one.title, shown[one.name]
        )
        for one in known
    ]


def places_figure(found: Sequence[Place]) -> Figure:
    """Percentiles, a line each; categories have none and are left out."""
    from core.scoring import figures

    return figures.places_figure(found)


def warnings(training: Training, found: Sequence[Place]) -> list[str]:
    """A sentence for each value that training never had."""
    said = []
    for place in found:
        feature = training.profile.features[place.column]
        if place.side and isinstance(feature, NumericFeature):
            low, high = (
                with_unit(number(end, feature.std), feature.unit)
                for end in (feature.minimum, feature.maximum)
            )
            where = "above" if place.side > 0 else "below"
            said.append(
                f"{_capital(place.title)} {place.shown} lies {where} everything in training "
                f"({low} to {high})."
            )
        elif place.strange:
            said.append(f"{_capital(place.title)} “{place.shown}” never occurs in training.")
    return said


def position_words(feature: FeatureProfile, value: Any) -> str:
    """Where a row's value lies in training: "above 97% of training", "new to the model" …"""
    if isinstance(feature, NumericFeature):
        return percentile_words(feature, _number(value))
    if value is None:
        return "left empty"
    share = _share(feature, value)
    if share:
        return f"as {percent(share)} of training"
    return "training never had it" if feature.complete else "rare or new in training"


def nearest(training: Training, values: Mapping[str, Any]) -> Near:
    """The training rows nearest to this one, in the model's features."""
    import pandas as pd

    row = one_row(values, training.spec)
    found = training.space.nearest(pd.concat([row, derive(row, training.spec)], axis=1), NEIGHBOURS)
    rows = training.rows.iloc[found.places].reset_index(drop=True)
    return Near(rows, training.labels[found.places], found)


def nearness_words(near: Near) -> str:
    """Whether training was ever this near, in a sentence."""
    found = near.found
    if math.isnan(found.percentile):
        return "Too few training rows were kept to say how near they are."
    distance = f"{found.distances[0]:.2g}" if found.distances[0] else "0"
    compared = (
        f"The nearest training row is {distance} standard deviations away; training rows "
        f"themselves typically have one at {found.typical:.2g}."
    )
    if found.percentile >= 99:
        return f"Training had hardly anything like this row. {compared}"
    if found.percentile >= 90:
        return (
            f"This row is unusual: {100 - found.percentile:.0f}% of training rows are as far "
            f"from their nearest. {compared}"
        )
    return f"Training knows rows like this one. {compared}"


def explanation(
    settings: Settings, training: Training, version: Version, values: Mapping[str, Any]
) -> Explanation:
    """What moved the prediction, against the kept training rows."""
    from core.scoring.explain import explain

    pipeline = models.load_pipeline(settings, version)
    return explain(pipeline, one_row(values, training.spec), training.rows)


def explanation_figure(training: Training, found: Explanation, titles: Mapping[str, str]) -> Figure:
    """The waterfall; ``titles``: raw column to its title, derived ones keep their name."""
    from core.scoring.figures import contributions_figure

    labels = {
        one.feature: (
            titles.get(one.feature, one.feature),
            _feature_words(training, one.feature, one.value),
        )
        for one in found.contributions
    }
    return contributions_figure(found, labels, _outcomes(training.spec))


def method_words(found: Explanation) -> str:
    """How the contributions were computed, for a person who wants to know."""
    if found.method == "linear":
        return (
            f"Exact for this linear model: weight × (value − mean of {found.background_rows:,} "
            "training rows), in log-odds."
        )
    against = (
        f"Shapley values (Lundberg & Lee, 2017) against {found.background_rows:,} training rows"
    )
    if found.method == "exact":
        return (
            f"{against}, exact over all {2 ** len(found.contributions):,} coalitions of features."
        )
    largest = max(one.standard_error for one in found.contributions)
    return (
        f"{against}, sampled over orders of the features (Štrumbelj & Kononenko, 2014); "
        f"standard errors up to {100 * largest:.2f} points."
    )


def sum_words(found: Explanation) -> str:
    """The sum, shown: base, contributions, answer."""
    moved = found.total - found.base
    if found.scale == "log-odds":
        start, end = (f"{100 / (1 + math.exp(-v)):.1f}%" for v in (found.base, found.output))
        return (
            f"{signed(found.base, 3)} (the mean training row, {start}) {signed(moved, 3)} "
            f"(all contributions) = {signed(found.output, 3)} in log-odds, which is {end}."
        )
    return (
        f"{100 * found.base:.1f}% (the mean over training rows) {signed(100 * moved, 1)} points "
        f"(all contributions) = {100 * found.output:.1f}%."
    )


def _place(feature: FeatureProfile, value: Any, title: str, shown: str) -> Place:
    from core.scoring.figures import Place

    words = position_words(feature, value)
    if not isinstance(feature, NumericFeature):
        new = value is not None and not _share(feature, value) and feature.complete
        return Place(feature.name, title, shown, words, math.nan, strange=new)
    given = _number(value)
    low, high = feature.minimum, feature.maximum
    side = 0 if low is None or high is None else int(given > high) - int(given < low)
    return Place(feature.name, title, shown, words, percentile_of(feature, given), side, bool(side))


def _feature_words(training: Training, name: str, value: Any) -> str:
    feature = training.profile.features.get(name)
    if isinstance(feature, NumericFeature):
        if value is None or math.isnan(float(value)):
            return "left empty"
        return with_unit(number(float(value), feature.std), feature.unit)
    if feature is not None and feature.kind == "boolean":
        return "yes" if value else "no"
    return str(value)


def _outcomes(spec: ProjectSpec) -> tuple[str, str]:
    return spec.target.positive_words, spec.target.negative_words


def _share(feature: CategoryFeature, value: Any) -> float:
    import pandas as pd

    place = int(feature.count(pd.Series([value], dtype=object)).argmax())
    known = sum(feature.counts[:-1])
    return feature.counts[place] / known if known and place < len(feature.categories) else 0.0


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _number(value: Any) -> float:
    return float("nan") if value is None else float(value)
