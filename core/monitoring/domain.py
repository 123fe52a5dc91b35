"""A joint test over all features: can a classifier tell the window from training?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from core.monitoring.features import Array, FeatureProfile, NumericFeature, category_codes, numbers
from core.monitoring.profile import ReferenceProfile
from core.monitoring.thresholds import MIN_ROWS

FOLDS = 5
MAX_ROWS = 5000
TREES = 60
DEPTH = 6
MISSING_CODE = 1e7
FURTHEST = 1e6  # standard deviations: beyond it all values are alike, and float32 holds it


@dataclass(frozen=True)
class DomainResult:
    """``roc_auc``: 0.5 cannot be told apart, 1 no overlap; None (with ``reason``) if too few rows.

    ``importances`` are (feature, share of the forest's splitting power), the largest first.
    """

    roc_auc: float | None
    importances: tuple[tuple[str, float], ...]
    reason: str = ""


def domain_classifier(
    profile: ReferenceProfile,
    window_frame: pd.DataFrame,
    folds: int = FOLDS,
    max_rows: int = MAX_ROWS,
    seed: int = 0,
) -> DomainResult:
    """Cross-validated ROC AUC of telling the profile's sample from the window.

    Idea: two samples from one distribution cannot be told apart by any classifier, so an AUC
    above one half on held-out rows is evidence of a difference, in any combination of features.
    Source: Lopez-Paz & Oquab, Revisiting classifier two-sample tests, ICLR 2017.

    A shallow random forest, the mean over stratified folds; up to ``max_rows`` from either side.
    Raises SchemaError where the window lacks a feature's column.
    """
    profile.require_columns(window_frame)
    reference = profile.sample_frame()
    generator = np.random.default_rng(seed)
    reference, window = (_thinned(part, max_rows, generator) for part in (reference, window_frame))
    fewest = min(len(reference), len(window))
    if fewest < MIN_ROWS:
        return DomainResult(
            None, (), f"{fewest} rows are too few to tell apart; {MIN_ROWS} are needed"
        )
    rows = np.vstack([_encoded(profile, reference), _encoded(profile, window)])
    is_window = np.repeat([0, 1], [len(reference), len(window)])
    roc_auc, importance = _cross_validated(rows, is_window, folds, seed)
    ranked = sorted(zip(profile.features, importance, strict=True), key=lambda pair: -pair[1])
    return DomainResult(roc_auc, tuple((name, float(share)) for name, share in ranked))


def _cross_validated(rows: Array, target: Array, folds: int, seed: int) -> tuple[float, Array]:
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import StratifiedKFold

    scores, importances = [], []
    splits = StratifiedKFold(folds, shuffle=True, random_state=seed).split(rows, target)
    for fitted, held_out in splits:
        forest = RandomForestClassifier(
            TREES, max_depth=DEPTH, class_weight="balanced", random_state=seed
        ).fit(rows[fitted], target[fitted])
        probability = forest.predict_proba(rows[held_out])[:, 1]
        scores.append(roc_auc_score(target[held_out], probability))
        importances.append(forest.feature_importances_)
    return float(np.mean(scores)), np.mean(importances, axis=0)


def _thinned(frame: pd.DataFrame, most: int, generator: Any) -> pd.DataFrame:
    if len(frame) <= most:
        return frame
    return frame.iloc[np.sort(generator.choice(len(frame), most, replace=False))]


def _encoded(profile: ReferenceProfile, frame: pd.DataFrame) -> Array:
    return np.column_stack(
        [_codes(feature, frame[name]) for name, feature in profile.features.items()]
    )


def _codes(feature: FeatureProfile, values: pd.Series) -> Array:
    """Standardised numbers, or ranks of categories by frequency; the missing lie far outside."""
    if isinstance(feature, NumericFeature):
        with np.errstate(over="ignore"):
            centred = numbers(values) / (feature.std or 1.0) - (feature.mean or 0.0) / (
                feature.std or 1.0
            )
        return np.where(np.isnan(centred), MISSING_CODE, np.clip(centred, -FURTHEST, FURTHEST))
    codes, names = category_codes(values, feature.kind)
    rank = {name: position for position, name in enumerate(feature.categories)}
    lookup = np.array([rank.get(name, len(rank)) for name in names] + [MISSING_CODE], dtype=float)
    return lookup[codes]
