"""The only importer of pycaret: baseline, tuning, cross-validation scores of one algorithm.

PyCaret runs without its preprocessing, on features that our own steps have prepared: the same
models to the last digit, in half the time, and plain scikit-learn estimators in the end.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core.dataset.spec import ModelPlan
from core.errors import BadInput
from core.training.plan import TrainingPlan

if TYPE_CHECKING:
    import pandas as pd

# Called with the number of completed fits while a search runs.
FitsDone = Callable[[int], None]

_CV_NAMES = {
    "Accuracy": "accuracy",
    "AUC": "roc_auc",
    "Recall": "recall",
    "Prec.": "precision",
    "F1": "f1",
    "Kappa": "kappa",
    "MCC": "mcc",
}


@dataclass(frozen=True)
class Tuned:
    """One tuned algorithm.

    ``estimator``: fitted, takes the features in their order. ``folds``: cross-validation metrics,
    one row per fold. ``candidates``: every candidate of the search with its score.
    """

    estimator: Any
    folds: pd.DataFrame
    candidates: pd.DataFrame

    @property
    def cv_means(self) -> dict[str, float]:
        """Mean over the folds of each cross-validation metric."""
        return {str(name): float(value) for name, value in self.folds.mean().items()}


class Experiment:
    """One PyCaret set-up, on which several algorithms can be tuned."""

    def __init__(
        self, features: pd.DataFrame, target: pd.Series, plan: TrainingPlan, workers: int
    ) -> None:
        """``features``: numbers only, shape (n, k); ``target``: 0 or 1, shape (n,)."""
        # PyCaret would write logs.log into the current folder.
        os.environ.setdefault("PYCARET_CUSTOM_LOGGING_PATH", os.devnull)
        from pycaret.classification import ClassificationExperiment

        self._plan = plan
        self._experiment = ClassificationExperiment()
        name = str(target.name)
        data = features.assign(**{name: target.to_numpy()})
        share: dict[str, Any] = {"train_size": plan.fit_share}
        if plan.fit_share >= 1.0:
            share, data = _all_rows(data)
        with _quiet():
            self._experiment.setup(
                data=data,
                target=name,
                session_id=plan.seed,
                fold=plan.folds,
                preprocess=False,
                index=False,
                n_jobs=workers,
                html=False,
                verbose=False,
                log_experiment=False,
                system_log=False,
                **share,
            )

    @property
    def fit_rows(self) -> int:
        """Rows that are fitted and cross-validated."""
        return len(self._experiment.X_train)

    def tune(self, model: ModelPlan, on_fits: FitsDone) -> Tuned:
        """Baseline, random search over PyCaret's own grid, refit of the best.

        The baseline stays if no candidate beats it, as PyCaret has it by default.
        """
        experiment = self._experiment
        try:
            with _quiet():
                baseline = experiment.create_model(
                    model.algorithm, verbose=False, **dict(model.settings)
                )
        except (TypeError, ValueError) as exc:
            raise BadInput(f"{model.algorithm} does not take these settings: {exc}.") from exc
        with _quiet(), _counted_fits(on_fits):
            estimator, search = experiment.tune_model(
                baseline,
                n_iter=model.candidates,
                optimize=self._plan.metric,
                choose_better=True,
                return_tuner=True,
                verbose=False,
                tuner_verbose=0,
            )
            folds = _fold_metrics(experiment.pull())
        return Tuned(estimator, folds, _candidate_table(search))


def _all_rows(data: pd.DataFrame) -> tuple[dict[str, Any], pd.DataFrame]:
    """Set-up arguments with which every row is fitted.

    PyCaret insists on a validation set: it gets a copy of the first rows, and none of its
    validation figures are kept.
    """
    data = data.reset_index(drop=True)
    copy = data.head(max(100, len(data) // 50)).copy()
    copy.index = range(len(data), len(data) + len(copy))
    return {"test_data": copy}, data


def _fold_metrics(scores: pd.DataFrame) -> pd.DataFrame:
    rows = scores[[str(label).isdigit() for label in scores.index]]
    return rows.rename(columns=_CV_NAMES)[list(_CV_NAMES.values())].astype(float)


def _candidate_table(search: Any) -> pd.DataFrame:
    import pandas as pd

    results = search.cv_results_
    table = pd.DataFrame(list(results["params"]))
    table.columns = [str(name).removeprefix("actual_estimator__") for name in table.columns]
    table.insert(0, "rank", results["rank_test_score"])
    table.insert(1, "mean_score", results["mean_test_score"])
    table.insert(2, "std_score", results["std_test_score"])
    table["mean_fit_seconds"] = results["mean_fit_time"]
    return table.sort_values("rank", kind="stable").reset_index(drop=True)


@contextmanager
def _quiet() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@contextmanager
def _counted_fits(on_fits: FitsDone) -> Iterator[None]:
    """Report the search's own completed fits; joblib calls ``print_progress`` as they finish."""
    from sklearn.model_selection import _search

    original = _search.Parallel

    class CountingParallel(original):  # type: ignore[misc, valid-type]
        def print_progress(self) -> None:
            on_fits(self.n_completed_tasks)

    _search.Parallel = CountingParallel
    try:
        yield
    finally:
        _search.Parallel = original
