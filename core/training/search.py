"""scikit-learn's candidate search in chunks: progress, the best score so far, a deadline.

PyCaret's `tune_model` makes the search itself, so scikit-learn's own hook is used:
`BaseSearchCV._run_search` may call ``evaluate_candidates`` as often as it likes. The candidates,
their order, their splits and their scores are those of one single call.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

import numpy as np

# A chunk ends with workers waiting for the slowest fit: long chunks make that negligible,
# short ones tell more often and stop sooner.
_CHUNK_SECONDS = 5.0
# A chunk grows at most so much over the one before: its pace was measured on fewer fits.
_GROWTH = 4


@dataclass(frozen=True)
class Searched:
    """How far a search is. ``best``: the best mean score over the folds; None before the first."""

    fits: int
    fits_total: int
    candidates: int
    candidates_total: int
    best: float | None

    @property
    def is_cut_short(self) -> bool:
        return self.candidates < self.candidates_total


OnSearch = Callable[[Searched], None]


class _Chunks:
    """One search: hands out its candidates a chunk at a time until all are done or time is up."""

    def __init__(self, tell: OnSearch, workers: int, deadline: float | None) -> None:
        self._tell = tell
        self._workers = workers
        self._deadline = deadline
        self.state = Searched(0, 0, 0, 0, None)

    def run(self, candidates: Sequence[Any], folds: int, evaluate: Callable[..., Any]) -> None:
        total = len(candidates)
        self.state = Searched(0, total * folds, 0, total, None)
        self._tell(self.state)
        size = max(1, -(-2 * self._workers // folds))
        done = 0
        while done < total:
            began = time.monotonic()
            chunk = candidates[done : done + size]
            results = evaluate(chunk)
            done += len(chunk)
            best = _best(results)
            self.state = Searched(done * folds, total * folds, done, total, best)
            self._tell(self.state)
            each = max(time.monotonic() - began, 1e-6) / len(chunk)
            seconds = self._seconds_allowed()
            if seconds is not None and seconds < each:
                return
            wished = min(_CHUNK_SECONDS, seconds) if seconds is not None else _CHUNK_SECONDS
            size = max(1, min(int(wished / each), _GROWTH * size))

    def fits_of_chunk(self, done: int) -> None:
        """Tell that so many fits of the present chunk are done."""
        state = self.state
        fits = min(
            state.candidates * state.fits_total // max(state.candidates_total, 1) + done,
            state.fits_total,
        )
        self._tell(
            Searched(fits, state.fits_total, state.candidates, state.candidates_total, state.best)
        )

    def _seconds_allowed(self) -> float | None:
        return None if self._deadline is None else self._deadline - time.monotonic()


def _best(results: Any) -> float | None:
    scores = np.asarray(results["mean_test_score"], dtype=float)
    return float(np.nanmax(scores)) if np.isfinite(scores).any() else None


@contextmanager
def chunked_search(
    tell: OnSearch, workers: int, deadline: float | None = None
) -> Iterator[Callable[[], Searched]]:
    """Within it, grid and randomized searches of scikit-learn evaluate in chunks.

    ``tell`` is called as fits complete and after every chunk; what it raises ends the search.
    ``deadline``: as `time.monotonic` counts; once it has come, no further chunk is begun, and
    the search goes on with what was evaluated. At least one chunk always is. Yields a function
    that returns the state of the last search.
    """
    from sklearn.model_selection import _search

    chunks = _Chunks(tell, workers, deadline)
    complain = _search._warn_or_raise_about_fit_failures

    class CountingParallel(_search.Parallel):
        def print_progress(self) -> None:
            # joblib calls it as tasks complete.
            chunks.fits_of_chunk(self.n_completed_tasks)

    def in_chunks(original: Any) -> Callable[..., None]:
        def run_search(self: Any, evaluate_candidates: Callable[..., Any]) -> None:
            outcomes: list[Any] = []

            def all_candidates(listed: Any) -> None:
                folds = _search.check_cv(self.cv).get_n_splits()
                chunks.run(list(listed), folds, evaluate_candidates)

            # A chunk in which every fit fails says nothing about the search as a whole.
            def collect(results: list[Any], error_score: Any) -> None:
                outcomes.extend(results)

            with patch.object(_search, "_warn_or_raise_about_fit_failures", collect):
                original(self, all_candidates)
            complain(outcomes, self.error_score)

        return run_search

    with ExitStack() as stack:
        stack.enter_context(patch.object(_search, "Parallel", CountingParallel))
        for kind in (_search.RandomizedSearchCV, _search.GridSearchCV):
            patched = in_chunks(kind._run_search)
            stack.enter_context(patch.object(kind, "_run_search", patched))
        yield lambda: chunks.state
