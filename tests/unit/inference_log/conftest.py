"""A small log with two input columns."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.inference_log import Appended, InferenceLog

KINDS = {"distance": "numeric", "zone": "categorical"}


@pytest.fixture
def log(tmp_path: Path) -> InferenceLog:
    return InferenceLog(tmp_path / "out" / "inference_log.csv", ["distance", "zone"], KINDS)


@pytest.fixture
def add() -> Callable[..., Appended]:
    """Append rows whose distance counts up from ``first``."""

    def append(log: InferenceLog, rows: int = 3, first: int = 0, **named: object) -> Appended:
        frame = pd.DataFrame({name: [f"{name}-{i}" for i in range(rows)] for name in log.columns})
        if "distance" in frame:
            frame["distance"] = np.arange(first, first + rows)
        chance = np.linspace(0.1, 0.9, rows)
        given = {"source": "batch", "model_version": "1", **named}
        return log.append(frame, probability=chance, prediction=chance >= 0.5, **given)

    return append
