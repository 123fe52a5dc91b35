"""What a training says of figures that mean less than they seem to, and of what failed."""

from __future__ import annotations

import numpy as np
import pytest

from core.evaluation.metrics import binary_metrics
from core.training.evaluation import Holdout
from core.ui.training_troubles import troubles


def warnings(y: np.ndarray, probability: np.ndarray, threshold: float = 0.5) -> list[str]:
    metrics = binary_metrics(y, probability, threshold)
    return Holdout(probability, metrics, [], {}).warnings


def test_a_model_that_calls_every_row_the_same() -> None:
    y = np.arange(1000) % 2
    (said,) = warnings(y, np.linspace(0.3, 0.6, 1000), threshold=0.2)
    assert said.startswith("It calls 100.0% of the holdout rows positive, where 50.0% are")
    assert "threshold of 0.2" in said
    (said,) = warnings(y, np.linspace(0.3, 0.6, 1000), threshold=0.599)
    assert said.startswith("It calls 99.6% of the holdout rows negative")


@pytest.mark.parametrize("positives", [0.5, 0.005])
def test_a_model_that_decides_is_no_constant_however_rare_the_class(positives: float) -> None:
    y = (np.arange(1000) < 1000 * positives).astype(int)
    assert warnings(y, np.where(y, 0.9, 0.1)) == []


def test_troubles_are_told_on_the_page() -> None:
    result = {"failed": [{"title": "Ridge [L2]", "reason": "ValueError: no *luck*"}]}
    models = [{"version": "3", "algorithm": "lr", "warnings": ["It calls all rows positive."]}]
    failed, misleading = troubles(result, models)
    assert failed == r"**Ridge \[L2\]** could not be trained: ValueError\: no \*luck\*"
    assert misleading == "**v3 Logistic Regression**: It calls all rows positive."
    assert troubles({}, [{"version": "3", "algorithm": "lr"}]) == []
