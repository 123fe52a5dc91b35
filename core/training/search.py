"""scikit-learn's candidate search, watched: completed fits, the best score so far, a deadline.

PyCaret's `tune_model` makes the search itself, so scikit-learn's own hooks are used: the `Parallel`
that runs the fits tells of each, and `BaseSearchCV._run_search` may call ``evaluate_candidates`` as
often as it likes. The candidates, their order, their splits and their scores are those of one
single call.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import numpy as np

if TYPE_CHECKING:
    from core.training.cluster import Cluster

# With a deadline the candidates are evaluated in chunks, each of which ends with processes waiting
# for the slowest fit: long ones make that negligible, short ones keep the deadline closer.
_CHUNK_SECONDS = 2.0
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


class _Watch:
    """One search as it runs: hands out its candidates and tells how far it is.

    Fits complete in any order and are counted as they do; their scores arrive in the order of the
    candidates, so the best so far is that of the candidates whose scores are all there.
    """

    def __init__(self, tell: OnSearch, workers: int, deadline: float | None) -> None:
        self._tell = tell
        self._workers = workers
        self._deadline = deadline
        self._folds = 1
        self._total = 0
        self._scores: list[float] = []
        self._fits = 0
        self._best: float | None = None
        self._error: BaseException | None = None
        self._lock = threading.Lock()

    @property
    def state(self) -> Searched:
        candidates = len(self._scores) // self._folds
        return Searched(self._fits, self._total * self._folds, candidates, self._total, self._best)

    def run(self, candidates: Sequence[Any], folds: int, evaluate: Callable[..., Any]) -> None:
        """Evaluate all, or chunk by chunk until time is up; at least one chunk always is."""
        self._folds, self._total = folds, len(candidates)
        self._scores, self._fits, self._best = [], 0, None
        self._tell(self.state)
        size = self._total if self._deadline is None else max(1, -(-2 * self._workers // folds))
        done = 0
        while done < self._total:
            began = time.monotonic()
            chunk = candidates[done : done + size]
            evaluate(chunk)
            done += len(chunk)
            if self._deadline is not None:
                now = time.monotonic()
                each, left = max(now - began, 1e-6) / len(chunk), self._deadline - now
                if left < each:
                    return
                size = max(1, min(int(min(_CHUNK_SECONDS, left) / each), _GROWTH * size))

    def completed(self, fits: int) -> None:
        """So many fits have come to an end. Called by threads of joblib's, which must live on."""
        try:
            with self._lock:
                self._fits = max(self._fits, min(fits, self._total * self._folds))
                self._tell(self.state)
        except BaseException as error:  # noqa: BLE001 - raised where the search itself runs
            self._error = error

    def scored(self, result: Any) -> None:
        """The next fit's scores, in the order of the candidates; raises what the teller raised."""
        if self._error is not None:
            raise self._error
        with self._lock:
            self._scores.append(float(result["test_scores"]))
            self._fits = max(self._fits, len(self._scores))
            if len(self._scores) % self._folds == 0:
                mean = float(np.mean(self._scores[-self._folds :]))
                if np.isfinite(mean) and (self._best is None or mean > self._best):
                    self._best = mean
            if len(self._scores) == self._total * self._folds:
                self._tell(self.state)

    @property
    def scores_so_far(self) -> int:
        return len(self._scores)


@contextmanager
def watched_search(
    tell: OnSearch,
    workers: int,
    deadline: float | None = None,
    cluster: Cluster | None = None,
) -> Iterator[Callable[[], Searched]]:
    """Within it, grid and randomized searches of scikit-learn tell how far they are.

    ``tell`` is called as fits complete; what it raises ends the search. ``deadline``: as
    `time.monotonic` counts; once it has come, no further candidates are begun, and the search goes
    on with what was evaluated. ``cluster``: where the fits run, if not here. Yields a function that
    returns the state of the last search.
    """
    from sklearn.model_selection import _search

    watch = _Watch(tell, workers, deadline)
    complain = _search._warn_or_raise_about_fit_failures

    class WatchedParallel(_search.Parallel):
        def __init__(self, **settings: Any) -> None:
            if cluster is not None:  # its own backend counts its cores
                settings.setdefault("backend", "sequential")
            self._settings = settings
            super().__init__(**settings, return_as="generator")
            self._before = 0

        def __call__(self, tasks: Iterable[Any]) -> list[Any]:
            if cluster is None:
                return list(self._results(tasks))
            return cluster.run(tasks, self._on_cluster)

        def _on_cluster(self, tasks: Iterable[Any], backend: Any) -> Iterator[Any]:
            # Anew for each attempt: one whose work was lost keeps some of its state.
            return WatchedParallel(**{**self._settings, "backend": backend})._results(tasks)

        def _results(self, tasks: Iterable[Any]) -> Iterator[Any]:
            self._before = watch.scores_so_far
            with closing(super().__call__(tasks)) as results:
                for result in results:
                    watch.scored(result)
                    yield result

        def print_progress(self) -> None:
            # joblib calls it as tasks complete.
            watch.completed(self._before + self.n_completed_tasks)

    def watched(original: Any) -> Callable[..., None]:
        def run_search(self: Any, evaluate_candidates: Callable[..., Any]) -> None:
            outcomes: list[Any] = []

            def all_candidates(listed: Any) -> None:
                folds = _search.check_cv(self.cv).get_n_splits()
                watch.run(list(listed), folds, evaluate_candidates)

            # A chunk in which every fit fails says nothing about the search as a whole.
            def collect(results: list[Any], error_score: Any) -> None:
                outcomes.extend(results)

            with patch.object(_search, "_warn_or_raise_about_fit_failures", collect):
                original(self, all_candidates)
            complain(outcomes, self.error_score)

        return run_search

    with ExitStack() as stack:
        stack.enter_context(patch.object(_search, "Parallel", WatchedParallel))
        for kind in (_search.RandomizedSearchCV, _search.GridSearchCV):
            patched = watched(kind._run_search)
            stack.enter_context(patch.object(kind, "_run_search", patched))
        yield lambda: watch.state
