"""From a tuned estimator to a decision: honest probabilities, and where to cut them.

Both are learned on cross-validated predictions for the fitted rows, never on the holdout.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from core.dataset.training_options import ThresholdRule
from core.evaluation.one_thread import in_one_thread
from core.evaluation.thresholds import best_f1, best_youden, least_cost
from core.training.catalogue import Algorithm


def calibration_method(algorithm: Algorithm, wished: str) -> str:
    """``none``, ``sigmoid`` or ``isotonic``; never none for what has no probabilities itself."""
    return "sigmoid" if wished == "none" and not algorithm.probabilistic else wished


def calibrated(estimator: Any, x: Any, y: Any, folds: Any, method: str, workers: int) -> Any:
    """The same estimator with its scores mapped to probabilities; fitted, for ``predict_proba``.

    ``x`` (n, k) and ``y`` (n,): the rows that the estimator was fitted on; ``folds``: the splits
    of the search. One map over the scores of all left-out rows, one estimator fitted on all
    rows (``ensemble=False``): the hyperparameters stay those found, and the file stays small.
    ``sigmoid`` is Platt's (1999), ``isotonic`` Zadrozny and Elkan's (2002).
    """
    from sklearn.base import clone
    from sklearn.calibration import CalibratedClassifierCV

    wrapped = CalibratedClassifierCV(
        in_one_thread(clone(estimator)), method=method, cv=folds, n_jobs=workers, ensemble=False
    )
    return wrapped.fit(x, y)


def bare(estimator: Any) -> Any:
    """The tuned estimator under its calibration; itself where it has none."""
    from sklearn.calibration import CalibratedClassifierCV

    return estimator.estimator if isinstance(estimator, CalibratedClassifierCV) else estimator


def choose_threshold(
    rule: ThresholdRule,
    estimator: Any,
    x: Any,
    y: Any,
    folds: Any,
    workers: int,
    counted: np.ndarray | None = None,
) -> float:
    """The threshold that ``rule`` finds on cross-validated probabilities of ``x`` (n, k).

    All rows are learnt from; ``counted``, bool (n,), are those it is found on, if they hold both
    classes.
    """
    if rule.kind == "fixed":
        return rule.value
    from sklearn.base import clone
    from sklearn.model_selection import cross_val_predict

    probability = cross_val_predict(
        in_one_thread(clone(estimator)), x, y, cv=folds, method="predict_proba", n_jobs=workers
    )[:, 1].astype(np.float64)
    labels = np.asarray(y).astype(int)
    if counted is not None and len(set(labels[counted])) == 2:
        labels, probability = labels[counted], probability[counted]
    if rule.kind == "f1":
        return best_f1(labels, probability)[0]
    if rule.kind == "youden":
        return best_youden(labels, probability)[0]
    return least_cost(labels, probability, rule.value)[0]
