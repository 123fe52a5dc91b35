"""The pipeline that is trained, served and stored: raw columns, features, numbers, estimator."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from core.dataset.spec import ProjectSpec

if TYPE_CHECKING:
    import pandas as pd


def feature_steps(spec: ProjectSpec) -> Any:
    """Unfitted steps from raw columns to numbers: derive, fill gaps, one-hot encode text.

    Gaps in numbers are filled with the training median; text unknown at training encodes as
    all zeros. Projects without gaps or text pass through unchanged, in the order of the features.
    """
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import OneHotEncoder

    from core.dataset.features import RawFeatures, encoded_name

    text = [name for name in spec.features if spec.kinds.get(name) == "categorical"]
    numbers = [name for name in spec.features if name not in text]
    encoder = OneHotEncoder(
        handle_unknown="ignore",
        sparse_output=False,
        dtype=np.float32,
        feature_name_combiner=encoded_name,
    )
    columns = ColumnTransformer(
        [
            ("numbers", SimpleImputer(strategy="median", keep_empty_features=True), numbers),
            ("text", encoder, text),
        ],
        verbose_feature_names_out=False,
    ).set_output(transform="pandas")
    raw = RawFeatures(kinds=spec.kinds, derived=dict(spec.derived), features=list(spec.features))
    return Pipeline([("features", raw), ("columns", columns)])


def assemble(steps: Any, estimator: Any) -> Any:
    """One fitted scikit-learn pipeline from fitted steps and a fitted estimator."""
    from sklearn.pipeline import Pipeline

    return Pipeline([*steps.steps, ("classifier", estimator)])


def probability_of(pipeline: Any, raw: pd.DataFrame) -> Any:
    """Probability of the positive class for raw rows, float64 of shape (n,)."""
    return pipeline.predict_proba(raw)[:, 1].astype("float64")
