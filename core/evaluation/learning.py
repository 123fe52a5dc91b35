"""Would more rows help? The cross-validated score against the number of training rows.

The estimator is fitted anew, its hyperparameters kept, on growing parts of the rows, and measured
on rows it did not see (Cortes et al., "Learning curves: asymptotic values and rate of convergence",
1994). The parts are nested and hold both classes in their share: a point differs from the one
before by the rows added and nothing else.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from core.evaluation.one_thread import in_one_thread
from core.evaluation.tally import ScoredLabels

SHARES = (0.1, 0.325, 0.55, 0.775, 1.0)
FOLDS = 3
# Cost against rows before two sizes have told it: between linear and quadratic.
_ASSUMED_GROWTH = 1.5
_WORTH_PROCESSES_SECONDS = 1.0
# The score on fitted rows needs no more of them than this.
_MOST_FITTED_SCORED = 5000


@dataclass(frozen=True)
class LearningCurve:
    """Mean ROC AUC over ``folds`` at each number of fitted rows, ascending.

    ``score`` and ``deviation`` (standard deviation over the folds): on rows left out;
    ``fitted_score``: on the fitted rows. ``sizes_planned`` is more than ``len(rows)`` where
    larger sizes would have cost too much time.
    """

    rows: tuple[int, ...]
    score: tuple[float, ...]
    deviation: tuple[float, ...]
    fitted_score: tuple[float, ...]
    folds: int
    sizes_planned: int

    def as_dict(self) -> dict[str, Any]:
        return {
            key: list(value) if isinstance(value, tuple) else value
            for key, value in asdict(self).items()
        }

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> LearningCurve:
        """What ``as_dict`` gave."""
        lists = ("rows", "score", "deviation", "fitted_score")
        return cls(**{**stored, **{name: tuple(stored[name]) for name in lists}})


def learning_curve(
    estimator: Any,
    x: Any,
    y: Any,
    *,
    seconds: float,
    seed: int = 0,
    workers: int = 1,
    tell: Callable[[int, int], None] | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> LearningCurve:
    """ROC AUC of ``estimator`` at growing numbers of rows of ``x`` (n, k), ``y`` (n,) of 0 and 1.

    Up to five sizes, three stratified folds each, ``workers`` fits at once. ``estimator`` is
    cloned, never fitted itself; it needs ``predict_proba`` or ``decision_function``. The first
    size is always measured, a further one only if what the earlier ones took says that it ends
    within ``seconds`` in all. ``tell(done, of)`` is called before each size; what it raises ends
    the measuring. Raises ValueError where a class has fewer rows than there are folds.
    """
    from joblib import Parallel, delayed
    from sklearn.base import clone
    from sklearn.model_selection import StratifiedKFold

    labels = np.asarray(y).astype(int)
    rarest = int(np.bincount(labels, minlength=2).min())
    if rarest < FOLDS:
        raise ValueError(f"A learning curve needs {FOLDS} rows of each class; found {rarest}.")
    splits = StratifiedKFold(FOLDS, shuffle=True, random_state=seed).split(labels, labels)
    rng = np.random.default_rng(seed)
    parts = [(fitted[_balanced_order(labels[fitted], rng)], left) for fitted, left in splits]
    most = min(len(fitted) for fitted, _ in parts)
    sizes = sorted({max(int(share * most), _least(labels, parts)) for share in SHARES})
    points: list[tuple[int, np.ndarray]] = []
    spent: list[float] = []
    began = clock()
    for place, size in enumerate(sizes):
        expected = _expected(sizes, spent) if place else 0.0
        if clock() - began + expected > seconds and place:
            break
        if tell is not None:
            tell(place, len(sizes))
        start = clock()
        # Other processes must be worth their start.
        at_once = workers if expected > _WORTH_PROCESSES_SECONDS else 1
        one = in_one_thread(clone(estimator)) if at_once > 1 else estimator
        scores = Parallel(n_jobs=at_once)(
            delayed(_scores)(one, x, labels, fitted[:size], left) for fitted, left in parts
        )
        spent.append(clock() - start)
        points.append((size, np.array(scores)))
    return LearningCurve(
        rows=tuple(size for size, _ in points),
        score=tuple(float(found[:, 0].mean()) for _, found in points),
        deviation=tuple(float(found[:, 0].std()) for _, found in points),
        fitted_score=tuple(float(found[:, 1].mean()) for _, found in points),
        folds=FOLDS,
        sizes_planned=len(sizes),
    )


def _balanced_order(labels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A random order of which every beginning holds the classes in about their share of all."""
    place = np.empty(len(labels))
    for value in (0, 1):
        of_class = np.flatnonzero(labels == value)
        place[of_class] = (rng.permutation(len(of_class)) + 0.5) / len(of_class)
    return np.argsort(place, kind="stable")


def _least(labels: np.ndarray, parts: list[tuple[np.ndarray, np.ndarray]]) -> int:
    """Rows of which a balanced beginning has at least two of the rarer class, in every part."""
    needed = 0
    for fitted, _ in parts:
        values = labels[fitted]
        rarer = np.flatnonzero(values == np.bincount(values, minlength=2).argmin())
        needed = max(needed, int(rarer[min(1, len(rarer) - 1)]) + 1)
    return needed


def _expected(sizes: list[int], spent: list[float]) -> float:
    """Seconds that the next size will take, by those before it."""
    done = len(spent)
    growth = _ASSUMED_GROWTH
    if done > 1 and spent[-2] > 0 and spent[-1] > 0:
        growth = np.log(spent[-1] / spent[-2]) / np.log(sizes[done - 1] / sizes[done - 2])
    return float(spent[-1] * (sizes[done] / sizes[done - 1]) ** max(growth, 1.0))


def _scores(
    estimator: Any, x: Any, labels: np.ndarray, fitted: np.ndarray, left: np.ndarray
) -> tuple[float, float]:
    """ROC AUC on the rows left out, and on the fitted ones."""
    import warnings

    from sklearn.base import clone

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = clone(estimator).fit(_rows(x, fitted), labels[fitted])
        seen = fitted[:_MOST_FITTED_SCORED]
        return _roc_auc(model, x, labels, left), _roc_auc(model, x, labels, seen)


def _roc_auc(model: Any, x: Any, labels: np.ndarray, which: np.ndarray) -> float:
    rows = _rows(x, which)
    if hasattr(model, "predict_proba"):
        values = model.predict_proba(rows)[:, 1]
    else:
        values = model.decision_function(rows)
    return ScoredLabels.of(labels[which], _as_probability(values)).tally().roc_auc()


def _as_probability(values: Any) -> np.ndarray:
    """Any scores within 0 to 1 in their order: ROC AUC looks at nothing else."""
    ranks = np.unique(np.asarray(values, dtype=np.float64), return_inverse=True)[1]
    return np.asarray(ranks / max(int(ranks.max()), 1), dtype=np.float64)


def _rows(x: Any, which: np.ndarray) -> Any:
    return x.iloc[which] if hasattr(x, "iloc") else x[which]
