"""Every feature of a window against the reference profile, in numbers and in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from core.errors import BadInput
from core.monitoring import changes
from core.monitoring.column_tally import CategoryTally, ColumnTally, NumericTally, empty_tally
from core.monitoring.distances import chi_squared, js_distance, ks, psi, wasserstein_normalised
from core.monitoring.features import Array, FeatureProfile, Kind, finite
from core.monitoring.power import detectable
from core.monitoring.profile import ReferenceProfile
from core.monitoring.reference import Reference
from core.monitoring.thresholds import (
    FALSE_ALARM_RATE,
    MIN_ROWS,
    Level,
    level_of,
    psi_threshold,
)

PIECE_ROWS = 250_000  # rows of a column that are copied at a time


@dataclass(frozen=True)
class FeatureDrift:
    """One feature of one window. None where a statistic does not apply or cannot be had.

    ``psi`` decides, against ``threshold``; the other statistics inform. Shares are of the
    window's present values, except the two missing shares, which are of all rows.
    ``out_of_range_share`` lies outside training's minimum and maximum, ``unusual_share`` outside
    its central 99%, ``new_category_share`` in categories that training never had.
    ``detectable`` is the smallest shift that this many rows would show (see power).
    """

    name: str
    kind: Kind
    unit: str
    rows: int
    psi: float | None
    js_distance: float | None
    ks: float | None
    wasserstein: float | None
    chi_squared: float | None
    chi_squared_p: float | None
    threshold: float | None
    drifted: bool
    level: Level
    missing_share: float | None
    reference_missing_share: float | None
    out_of_range_share: float | None
    unusual_share: float | None
    new_category_share: float | None
    change: str
    detectable: str | None = None

    @property
    def outside_share(self) -> float:
        """Share of values such as training never had, whatever the kind; 0 where unknown."""
        return max(self.out_of_range_share or 0.0, self.new_category_share or 0.0)


def feature_drift(
    profile: ReferenceProfile,
    window_frame: pd.DataFrame,
    rate: float = FALSE_ALARM_RATE,
    tests: int | None = None,
) -> list[FeatureDrift]:
    """Each feature of the profile, in its order, on the rows of ``window_frame``.

    ``rate`` is the false-alarm rate of one check over ``tests`` tests, by default as many as there
    are features. Missing, infinite and unparsable values,
    unseen categories and any number of rows are fine: with fewer than 30 the level is unknown.
    Raises SchemaError where the window lacks a feature's column.
    """
    tally = DriftTally(profile)
    tally.add(window_frame)
    return tally.drift(rate, tests)


class DriftTally:
    """A window that comes in pieces: its drift, in memory that does not grow with its rows."""

    def __init__(self, profile: ReferenceProfile) -> None:
        self._profile = profile
        self._columns = {name: empty_tally(feature) for name, feature in profile.features.items()}
        self._predicted = NumericTally(profile.probability) if profile.probability else None

    def add(self, rows: pd.DataFrame, probability: Any = ()) -> None:
        """Count more rows; SchemaError where they lack a feature's column.

        ``probability``: of those among them that the version itself scored, in any order.
        """
        self._profile.require_columns(rows)
        for name, tally in self._columns.items():
            _add_in_pieces(tally, rows[name])
        if self._predicted is not None:
            _add_in_pieces(self._predicted, pd.Series(np.asarray(probability, dtype=float)))

    def counts(self) -> dict[str, Array]:
        """Each feature's rows in the profile's bins."""
        return {
            name: tally.binned() if isinstance(tally, NumericTally) else tally.counts
            for name, tally in self._columns.items()
        }

    def drift(self, rate: float = FALSE_ALARM_RATE, tests: int | None = None) -> list[FeatureDrift]:
        """Each feature on all the rows so far, as ``feature_drift`` gives it."""
        return [
            _drift_of(tally, rate, tests or len(self._columns), self._profile.reference)
            for tally in self._columns.values()
        ]

    def prediction(self, rate: float = FALSE_ALARM_RATE, tests: int = 1) -> FeatureDrift:
        """The probabilities, as ``prediction_drift`` gives it."""
        if self._predicted is None:
            raise BadInput(
                "The reference profile has no probabilities to compare with; train the model again."
            )
        return _drift_of(self._predicted, rate, tests, self._profile.reference)


def prediction_drift(
    profile: ReferenceProfile,
    probability: Any,
    rate: float = FALSE_ALARM_RATE,
    tests: int = 1,
) -> FeatureDrift:
    """The model's probabilities on a window, shape (n,), against those that were held out.

    Raises BadInput where the profile was stored without probabilities.
    """
    tally = DriftTally(replace(profile, features={}))
    tally.add(pd.DataFrame(), probability)
    return tally.prediction(rate, tests)


def _add_in_pieces(tally: ColumnTally, values: pd.Series) -> None:
    """Like ``tally.add``, with small temporary copies."""
    for first in range(0, len(values), PIECE_ROWS):
        tally.add(values.iloc[first : first + PIECE_ROWS])


def _drift_of(tally: ColumnTally, rate: float, features: int, reference: Reference) -> FeatureDrift:
    if isinstance(tally, NumericTally):
        return _numeric_drift(tally, rate, features, reference)
    return _category_drift(tally, rate, features, reference)


def _numeric_drift(
    tally: NumericTally, rate: float, features: int, reference: Reference
) -> FeatureDrift:
    feature, counts = tally.feature, tally.binned()
    bounded = np.isfinite(tally.values)
    judged = _judged(feature, counts, rate, features)
    return FeatureDrift(
        **judged,
        ks=finite(ks(feature.values, tally.values, feature.weights, tally.counts)),
        wasserstein=finite(
            wasserstein_normalised(
                feature.values,
                tally.values[bounded],
                feature.std,
                feature.weights,
                tally.counts[bounded],
            )
            if feature.std is not None
            else None
        ),
        chi_squared=None,
        chi_squared_p=None,
        out_of_range_share=_share(counts[0] + counts[-2], tally.present),
        unusual_share=_unusual_share(tally),
        new_category_share=None,
        change=changes.too_few(tally.rows)
        if judged["level"] == "unknown"
        else changes.numeric_change(tally, judged["drifted"], reference),
    )


def _category_drift(
    tally: CategoryTally, rate: float, features: int, reference: Reference
) -> FeatureDrift:
    feature, counts = tally.feature, tally.counts
    judged = _judged(feature, counts, rate, features)
    statistic, p_value = chi_squared(feature.counts, counts)
    unlisted = _share(counts[-2], counts[:-1].sum())
    return FeatureDrift(
        **judged,
        ks=None,
        wasserstein=None,
        chi_squared=finite(statistic),
        chi_squared_p=finite(p_value),
        out_of_range_share=None,
        unusual_share=None,
        new_category_share=unlisted if feature.complete else None,
        change=changes.too_few(tally.rows)
        if judged["level"] == "unknown"
        else changes.category_change(tally, judged["drifted"], reference),
    )


def _judged(feature: FeatureProfile, counts: Array, rate: float, features: int) -> dict[str, Any]:
    """What both kinds have in common: the statistics on bins and the judgement on them."""
    rows = int(counts.sum())
    statistic = psi(feature.counts, counts)
    threshold = (
        psi_threshold(feature.counts, feature.expected, rows, rate, features)
        if rows >= MIN_ROWS and feature.rows
        else None
    )
    level = level_of(statistic, threshold, rows)
    return {
        "name": feature.name,
        "kind": feature.kind,
        "unit": feature.unit,
        "rows": rows,
        "psi": finite(statistic),
        "js_distance": finite(js_distance(feature.counts, counts)),
        "threshold": threshold,
        "drifted": level in ("warning", "alarm"),
        "level": level,
        "detectable": detectable(feature, rows, threshold) if threshold is not None else None,
        "missing_share": _share(counts[-1], rows),
        "reference_missing_share": _share(feature.missing, feature.rows),
    }


def _unusual_share(tally: NumericTally) -> float | None:
    feature = tally.feature
    if feature.minimum is None or not tally.present:
        return None
    return tally.share_outside(feature.quantile(0.005), feature.quantile(0.995))


def _share(part: Any, whole: Any) -> float | None:
    return float(part / whole) if whole else None


def most_drifted(drift: Sequence[FeatureDrift]) -> list[FeatureDrift]:
    """Those in alarm, then those in warning, the largest PSI first."""
    return sorted(
        (feature for feature in drift if feature.drifted),
        key=lambda feature: (feature.level != "alarm", -(feature.psi or 0.0)),
    )
