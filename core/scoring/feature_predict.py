"""The model on features instead of raw columns: for asking what it makes of one of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

_DERIVING_STEP = "features"


def on_features(
    pipeline: Any, features: Sequence[str], derived: bool
) -> Callable[[pd.DataFrame], np.ndarray] | None:
    """Probabilities, shape (n,), from a frame of the model's features; None if it cannot be had.

    The pipelines trained here derive their features in a first step, which is left out. A model
    without that step takes its features as they come, unless the project derives some.
    """
    steps = getattr(pipeline, "steps", None)
    if steps and steps[0][0] == _DERIVING_STEP:
        model = pipeline[1:]
    elif derived:
        return None
    else:
        model = pipeline

    def predict(frame: pd.DataFrame) -> np.ndarray:
        positive: np.ndarray = model.predict_proba(frame[list(features)])[:, 1]
        return positive.astype("float64")

    return predict
