"""A cross-validated fit as it travels to another process: without PyCaret.

PyCaret hands scikit-learn its own pipeline, its own scorers and a table. A process that is sent
these imports PyCaret first (seconds, 300 MB) and then unpacks them at each fit. What travels from
here is the classifier alone, scikit-learn's scorer of the same metric, and arrays; the scores are
the same to the last digit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

from core.evaluation.one_thread import in_one_thread

Task = tuple[Any, tuple[Any, ...], dict[str, Any]]

# These copy or sort what they are given, so that the order in which an array lies in memory cannot
# change a digit of their sums. The others get PyCaret's table.
_ANY_LAYOUT = {
    "LogisticRegression",
    "DecisionTreeClassifier",
    "RandomForestClassifier",
    "ExtraTreesClassifier",
    "GradientBoostingClassifier",
    "LGBMClassifier",
    "XGBClassifier",
}


class Plainer:
    """Rewrites the tasks of cross-validations and searches.

    ``scorers``: PyCaret's scorer, by its `id`, to the scikit-learn scorer of the same metric.
    """

    def __init__(self, scorers: Mapping[int, Any]) -> None:
        from sklearn.model_selection._validation import _fit_and_score
        from sklearn.utils.parallel import delayed

        self.fit_and_score = _fit_and_score
        self._delayed = delayed(_fit_and_score)
        self._scorers = scorers
        self._seen: dict[int, tuple[Any, Any]] = {}

    def task(self, task: Task) -> Task:
        """The same fit in plain parts; the task itself where it is not known how."""
        _, positional, named = task
        bare = _alone(positional[0]) if len(positional) == 3 else None
        if bare is None:
            return task
        label, estimator = bare
        x, y = positional[1:]
        if type(estimator).__name__ in _ANY_LAYOUT:
            x, y = self._array(x), self._array(y)
        changed = {**named, "scorer": self._scorer(named["scorer"])}
        if named.get("parameters"):
            changed["parameters"] = {
                name.removeprefix(f"{label}__"): value
                for name, value in named["parameters"].items()
            }
        plain: Task = self._delayed(in_one_thread(estimator), x, y, **changed)
        return plain

    def _scorer(self, scorer: Any) -> Any:
        if isinstance(scorer, dict):
            return {name: self._scorer(one) for name, one in scorer.items()}
        return self._scorers.get(id(scorer), scorer)

    def _array(self, table: Any) -> Any:
        """The values of a table of floats; one array for one table, however often it is asked."""
        known = self._seen.get(id(table))
        if known is None or known[0] is not table:
            values = table.to_numpy() if hasattr(table, "to_numpy") else table
            if values.dtype.kind not in "iuf":
                values = table
            if len(self._seen) >= 4:
                self._seen.clear()
            known = self._seen[id(table)] = (table, values)
        return known[1]


def _alone(pipeline: Any) -> tuple[str, Any] | None:
    """Name and classifier of a pipeline of PyCaret's that does nothing else, or None.

    A classifier without scores is left to PyCaret, which counts its ROC AUC as 0.
    """
    steps = getattr(pipeline, "steps", None)
    if not steps or any(step not in (None, "passthrough") for _, step in steps[:-1]):
        return None
    name, estimator = steps[-1]
    ranks = hasattr(estimator, "predict_proba") or hasattr(estimator, "decision_function")
    return (name, estimator) if ranks and hasattr(estimator, "fit") else None


@contextmanager
def plain_fits(plainer: Plainer) -> Iterator[None]:
    """Within it, scikit-learn's cross-validations and searches send out plain fits."""
    from sklearn.model_selection import _search, _validation

    class PlainParallel(_search.Parallel):
        def __call__(self, tasks: Iterable[Task]) -> Any:
            # PyCaret puts its own function here, under whose name the plain one would travel.
            with patch.object(_validation, "_fit_and_score", plainer.fit_and_score):
                return super().__call__(plainer.task(task) for task in tasks)

    with ExitStack() as stack:
        for module in (_search, _validation):
            stack.enter_context(patch.object(module, "Parallel", PlainParallel))
        yield
