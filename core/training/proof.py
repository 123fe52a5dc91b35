"""The model in the registry is the model that was measured, or it is never used.

Two things could make it another. The file: so the registered version is loaded the way scoring
loads it, and measured again on the raw holdout. The rows: a library could pair rows with other
rows' labels while it fits (PyCaret was seen to, on Python 3.13), and a model that learned nonsense
measures the same before and after. So the registered version is also measured on raw rows it was
fitted on, with the labels of the prepared table, against what its estimator had measured on the
same rows as PyCaret held them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from core.dataset.spec import ProjectSpec
from core.training.pipeline import probability_of

if TYPE_CHECKING:
    import pandas as pd

    from core.training.kept import Trained

TOLERANCE = 1e-9


def difference(
    loaded: Any, trained: Trained, spec: ProjectSpec, holdout: pd.DataFrame, fitted: pd.DataFrame
) -> str | None:
    """What ``loaded`` shows otherwise than ``trained`` says, with both figures; None if nothing.

    ``loaded``: the pipeline from the registry. ``holdout``, ``fitted``: raw rows with their
    target (0 or 1), as they were kept at training.
    """
    again = _metrics(loaded, spec, holdout, trained.threshold)
    for name, expected in trained.metrics.items():
        if differs(again[name], expected):
            return _said(name, "the holdout", again[name], expected, "when it was trained")
    found = _metrics(loaded, spec, fitted, trained.threshold)["log_loss"]
    if differs(found, trained.fitted_log_loss):
        where = "with labels as the fitting had paired them: it paired rows with others' labels"
        return _said("log_loss", "the rows it was fitted on", found, trained.fitted_log_loss, where)
    return None


def fitted_log_loss(y: Any, probability: Any) -> float:
    """Log loss of the estimator on rows (n,) as PyCaret has them.

    It moves with every probability, and not by rank: it tells any other pairing apart, and no
    tie broken otherwise.
    """
    from core.evaluation.metrics import binary_metrics

    return binary_metrics(y, probability).log_loss


def _metrics(
    pipeline: Any, spec: ProjectSpec, rows: pd.DataFrame, threshold: float
) -> Mapping[str, float | None]:
    from core.evaluation.metrics import binary_metrics

    probability = probability_of(pipeline, rows[list(spec.raw_columns)])
    return binary_metrics(rows[spec.target.column].to_numpy(), probability, threshold).as_dict()


def differs(found: float | None, expected: float | None) -> bool:
    """Whether a figure is another than the one that was measured; None is undefined."""
    if found is None or expected is None:
        return (found is None) != (expected is None)
    return abs(found - expected) > TOLERANCE


def _said(name: str, rows: str, found: Any, expected: Any, where: str) -> str:
    from core.evaluation.metrics import METRICS

    word = METRICS[name].word if name in METRICS else name
    return (
        f"loaded back from the registry its {word} on {rows} is {found!r}, but {expected!r} "
        f"{where}. It is not the model that was measured; train again."
    )
