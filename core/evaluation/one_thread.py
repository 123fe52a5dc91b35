"""Fits that run side by side, a process for each processor, and no more threads than that."""

from __future__ import annotations

from typing import TypeVar

# What scikit-learn, LightGBM and XGBoost call it, and what CatBoost does.
_NAMES = ("n_jobs", "thread_count")

E = TypeVar("E")


def in_one_thread(estimator: E) -> E:
    """``estimator``, not fitted yet, told to fit in one thread; where it does, nothing is changed.

    Beside as many others as there are processors, threads only take turns, and those of OpenMP
    spin while they wait: LightGBM in two threads in each of two processes takes several times as
    long, and a hundred times as long on a busy machine.
    """
    for name in _NAMES:
        if getattr(estimator, name, None) not in (None, 1):
            setattr(estimator, name, 1)
    return estimator
