"""The reference profile: what training looked like, stored as JSON with each model version.

Production outlives the training file, so monitoring reads this profile and the new rows only. A
retrained version has a second one, of the production rows that it was retrained for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from core.errors import IntegrityError, SchemaError
from core.monitoring.features import (
    Array,
    FeatureProfile,
    Kind,
    NumericFeature,
    category_feature,
    feature_from_dict,
    feature_to_dict,
    finite,
    numeric_feature,
)
from core.monitoring.reference import TRAINING, Reference

FORMAT = "courtside-profile"
FORMAT_VERSION = 1
SAMPLE_ROWS = 5000  # ±1.4 points on a share, 300 kB for six columns


@dataclass(frozen=True, eq=False)
class ReferenceProfile:
    """The reference in small. ``sample`` maps column to values and keeps rows together by position.

    ``sample_probability`` and ``sample_label`` belong to the sample's rows (NaN where unknown);
    ``probability`` profiles every probability given, ``positive_rate`` every label given.
    """

    rows: int
    features: Mapping[str, FeatureProfile]
    sample: Mapping[str, list[Any]]
    sample_probability: Array
    sample_label: Array
    probability: NumericFeature | None
    positive_rate: float | None
    reference: Reference = TRAINING

    @property
    def kinds(self) -> dict[str, Kind]:
        return {name: feature.kind for name, feature in self.features.items()}

    def of(self, label: str) -> str:
        """The rows in words, by the version's ``label``; only held-out ones have a probability."""
        held_out = self.probability.rows if self.probability is not None else 0
        return self.reference.of(label, self.rows, held_out)

    def sample_frame(self) -> pd.DataFrame:
        """The sampled rows, one column per feature."""
        return pd.DataFrame(dict(self.sample), columns=list(self.features))

    def restricted(self, names: Sequence[str]) -> ReferenceProfile:
        """The same profile watching only ``names``, in their order; absent ones are left out."""
        kept = {name: self.features[name] for name in names if name in self.features}
        return replace(self, features=kept)

    def require_columns(self, frame: pd.DataFrame) -> None:
        """Raise SchemaError naming every feature that ``frame`` lacks."""
        absent = [name for name in self.features if name not in frame.columns]
        if absent:
            raise SchemaError(
                f"The rows to monitor lack {', '.join(absent)}; they need every feature of the "
                f"reference profile ({', '.join(self.features)}). Derive the features first."
            )

    def to_dict(self) -> dict[str, Any]:
        """JSON-safe: no NaN, no infinity."""
        return {
            "format": FORMAT,
            "format_version": FORMAT_VERSION,
            "rows": self.rows,
            "reference": self.reference.as_dict(),
            "features": [feature_to_dict(feature) for feature in self.features.values()],
            "sample": {name: list(values) for name, values in self.sample.items()},
            "sample_probability": _plain(self.sample_probability),
            "sample_label": _plain(self.sample_label),
            "probability": feature_to_dict(self.probability) if self.probability else None,
            "positive_rate": self.positive_rate,
        }

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> ReferenceProfile:
        """Inverse of ``to_dict``; IntegrityError where it is no profile that we can read."""
        if stored.get("format") != FORMAT or stored.get("format_version") != FORMAT_VERSION:
            raise IntegrityError(
                f"Expected a reference profile of format {FORMAT} version {FORMAT_VERSION}, found "
                f"{stored.get('format')} version {stored.get('format_version')}; train the model "
                "again to store a new one."
            )
        try:
            features = [feature_from_dict(feature) for feature in stored["features"]]
            probability = stored["probability"] and feature_from_dict(stored["probability"])
            return cls(
                rows=stored["rows"],
                features={feature.name: feature for feature in features},
                sample=stored["sample"],
                sample_probability=np.array(stored["sample_probability"], dtype=float),
                sample_label=np.array(stored["sample_label"], dtype=float),
                probability=probability if isinstance(probability, NumericFeature) else None,
                positive_rate=stored["positive_rate"],
                reference=Reference.from_dict(stored.get("reference", {})),
            )
        except (KeyError, TypeError) as exc:
            raise IntegrityError(
                f"The reference profile is damaged ({exc}); train the model again."
            ) from exc


def build_profile(
    frame: pd.DataFrame,
    kinds: Mapping[str, Kind],
    probability: Any = None,
    label: Any = None,
    sample_rows: int = SAMPLE_ROWS,
    seed: int = 0,
    units: Mapping[str, str] | None = None,
    reference: Reference = TRAINING,
) -> ReferenceProfile:
    """Profile the rows that production will be held against; ``reference`` says which.

    ``frame`` holds raw input and derived features, ``kinds`` names those to watch.
    ``probability`` and ``label`` (0/1), of length len(frame), are of the positive class, from
    models that did not train on the row (out of fold, holdout); NaN where there is none.
    Rows that have both are sampled first, since calibration needs them.
    Raises SchemaError for absent columns and for lengths that differ.
    """
    absent = [name for name in kinds if name not in frame.columns]
    if absent:
        raise SchemaError(f"The rows to profile lack {', '.join(absent)}; nothing was profiled.")
    probabilities, labels = _aligned(probability, len(frame)), _aligned(label, len(frame))
    chosen = _sample_positions(probabilities, labels, sample_rows, seed)
    units = units or {}
    known = labels[~np.isnan(labels)]
    return ReferenceProfile(
        rows=len(frame),
        features={
            name: _feature(name, frame[name], kind, units.get(name, ""))
            for name, kind in kinds.items()
        },
        sample={name: _plain(frame[name].iloc[chosen]) for name in kinds},
        sample_probability=probabilities[chosen],
        sample_label=labels[chosen],
        probability=None if probability is None else _known_probabilities(probabilities),
        positive_rate=float(known.mean()) if len(known) else None,
        reference=reference,
    )


def _known_probabilities(probabilities: Array) -> NumericFeature:
    """Rows that the model trained on have none: that is not a gap in what it says."""
    return numeric_feature("probability", probabilities[~np.isnan(probabilities)])


def _feature(name: str, values: pd.Series, kind: Kind, unit: str) -> FeatureProfile:
    if kind == "numeric":
        return numeric_feature(name, values, unit)
    return category_feature(name, values, kind, unit)


def _aligned(values: Any, rows: int) -> Array:
    if values is None:
        return np.full(rows, np.nan)
    given = pd.to_numeric(pd.Series(np.asarray(values)), errors="coerce").to_numpy(float)
    if len(given) != rows:
        raise SchemaError(
            f"Expected one probability and one label per row ({rows:,}), found {len(given):,}."
        )
    return given


def _sample_positions(probability: Array, label: Array, most: int, seed: int) -> Array:
    shuffled = np.random.default_rng(seed).permutation(len(probability))
    unusable = np.isnan(probability[shuffled]) | np.isnan(label[shuffled])
    first = shuffled[np.argsort(unusable, kind="stable")][:most]
    return np.sort(first)


def _plain(values: Any) -> list[Any]:
    """Python values that JSON can hold; None for missing and infinite."""
    return [_plain_value(value) for value in pd.Series(values).tolist()]


def _plain_value(value: Any) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return finite(value)
    return None if pd.isna(value) else str(value)
