"""The only importer of pycaret: baseline, tuning, cross-validation scores of one algorithm.

PyCaret runs without its preprocessing, on features that our own steps have prepared: the same
models to the last digit, in half the time, and plain scikit-learn estimators in the end.
"""

from __future__ import annotations

import math
import os
import warnings
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core.dataset.spec import ModelPlan
from core.errors import BadInput
from core.training import decision, scorers
from core.training.catalogue import CATALOGUE
from core.training.fits import Plainer, plain_fits
from core.training.imports import without
from core.training.plan import TrainingPlan
from core.training.search import OnSearch, Searched, watched_search

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from core.training.cluster import Cluster

_CV_NAMES = {
    "Accuracy": "accuracy",
    "AUC": "roc_auc",
    "Recall": "recall",
    "Prec.": "precision",
    "F1": "f1",
    "Kappa": "kappa",
    "MCC": "mcc",
}

# PyCaret's metric to scikit-learn's name of the one that gives the same figures for labels 0 and 1.
_SCORERS = {
    "acc": "accuracy",
    "auc": "roc_auc",
    "recall": "recall",
    "precision": "precision",
    "f1": "f1",
}


# What it and LightGBM import where it is installed, seconds and a hundred megabytes in all: Dask is
# only for somebody with a cluster, and what goes to MLflow is logged by us, later.
_UNUSED = ("dask", "distributed", "mlflow")


@dataclass(frozen=True)
class Tuned:
    """One tuned algorithm.

    ``estimator``: fitted, takes the features in their order, gives probabilities.
    ``hyperparameters``: PyCaret's own estimator's, under any calibration. ``folds``:
    cross-validation metrics of that, one row per fold. ``candidates``: every candidate that was
    tried with its score. ``searched``: how far the search got. ``threshold``: above it a row
    counts as positive. ``calibration``: how the probabilities were mapped, or ``none``.
    """

    estimator: Any
    hyperparameters: dict[str, Any]
    folds: pd.DataFrame
    candidates: pd.DataFrame
    searched: Searched
    threshold: float
    calibration: str

    @property
    def cv_means(self) -> dict[str, float]:
        """Mean over the folds of each cross-validation metric."""
        return {str(name): float(value) for name, value in self.folds.mean().items()}


class Experiment:
    """One PyCaret set-up, on which several algorithms can be tuned."""

    def __init__(
        self,
        features: pd.DataFrame,
        target: pd.Series,
        plan: TrainingPlan,
        workers: int,
        cluster: Cluster | None = None,
    ) -> None:
        """``features``: numbers only, shape (n, k); ``target``: 0 or 1, shape (n,).

        ``workers``: processes to fit in; ``cluster``: where the fits of searches run, if not here.
        """
        # PyCaret would write logs.log into the current folder.
        os.environ.setdefault("PYCARET_CUSTOM_LOGGING_PATH", os.devnull)
        with without(*_UNUSED):
            from pycaret.classification import ClassificationExperiment

        self._plan = plan
        self._workers = workers
        self._cluster = cluster
        self._experiment = ClassificationExperiment()
        name = str(target.name)
        data = features.assign(**{name: target.to_numpy()}).reset_index(drop=True)
        share: dict[str, Any] = {"train_size": plan.fit_share}
        if plan.fit_share >= 1.0:
            share, data = _all_rows(data)
        with _quiet(), without(*_UNUSED):
            self._experiment.setup(
                data=data,
                target=name,
                session_id=plan.seed,
                fold=plan.folds,
                preprocess=False,
                index=True,  # the split keeps each row's place, see `fitted`
                n_jobs=workers,
                html=False,
                verbose=False,
                log_experiment=False,
                system_log=False,
                **share,
            )
        self._plainer = Plainer(self._plain_scorers())

    def _plain_scorers(self) -> dict[int, Any]:
        metrics = self._experiment._all_metrics
        # The machines of a cluster have scikit-learn; nothing says that they have this project.
        named = scorers.quick if self._cluster is None else scorers.plain
        return {id(metrics[theirs].scorer): named(name) for theirs, name in _SCORERS.items()}

    @contextmanager
    def _fitting(self) -> Iterator[None]:
        with _quiet(), plain_fits(self._plainer):
            yield

    def _checked_once(self) -> AbstractContextManager[None]:
        """Within it, scikit-learn does not check again what the baseline's fit has shown to be
        right: settings of these kinds, and features without gaps."""
        import numpy as np
        from sklearn import config_context

        finite = bool(np.isfinite(self._experiment.X_train.to_numpy()).all())
        context: AbstractContextManager[None] = config_context(
            assume_finite=finite, skip_parameter_validation=True
        )
        return context

    @property
    def fit_rows(self) -> int:
        """Rows that are fitted and cross-validated."""
        return len(self._experiment.X_train)

    @property
    def fitted(self) -> tuple[np.ndarray, pd.DataFrame, pd.Series]:
        """The rows that are fitted, as PyCaret has them: their places in what was given, their
        features (n, k), their labels (n,)."""
        x = self._experiment.X_train
        return x.index.to_numpy(), x, self._experiment.y_train

    def compare(self, model: ModelPlan) -> dict[str, Any] | None:
        """Cross-validated metrics of an algorithm before tuning; None if it cannot be fitted.

        A row of PyCaret's ``compare_models`` table under this project's names of the metrics.
        """
        algorithm = model.algorithm
        if self._too_large(algorithm):
            return None
        definition = self._experiment._all_models_internal[algorithm]
        untuned = definition.class_def(**{**definition.args, **self._settings(model)})
        with self._fitting():
            fitted = self._experiment.compare_models(
                include=[untuned], sort="AUC", n_select=1, verbose=False
            )
            table = self._experiment.pull()
        if isinstance(fitted, list):  # PyCaret leaves out what raised
            return None
        row = table.iloc[0]
        if not math.isfinite(row["AUC"]):
            return None
        values = {ours: float(row[theirs]) for theirs, ours in _CV_NAMES.items()}
        return {"algorithm": algorithm, "title": CATALOGUE[algorithm].title, **values}

    def tune(
        self,
        model: ModelPlan,
        tell: OnSearch,
        deadline: float | None = None,
        decided_from: int = 0,
    ) -> Tuned:
        """Baseline, random search over PyCaret's own grid, refit of the best.

        The baseline stays if no candidate beats it, as PyCaret has it by default. ``deadline``:
        no chunk of candidates is begun after it, in seconds of `time.monotonic`. The threshold is
        found on the rows from place ``decided_from`` on of what was given.
        """
        experiment = self._experiment
        baseline = self._baseline(model)
        watching = watched_search(tell, self._workers, deadline, self._cluster)
        with self._fitting(), self._checked_once(), watching as state:
            estimator, search = experiment.tune_model(
                baseline,
                n_iter=model.candidates,
                optimize=self._plan.metric,
                choose_better=True,
                return_tuner=True,
                verbose=False,
                tuner_verbose=0,
                **self._grid(model.algorithm),
            )
            folds = _fold_metrics(experiment.pull())
        found = estimator.get_params()
        method = self._method(model.algorithm)
        rows = (experiment.X_train, experiment.y_train, experiment.fold_generator)
        with _quiet():
            if method != "none":
                estimator = decision.calibrated(estimator, *rows, method, self._workers)
            rule = self._plan.options.threshold
            counted = experiment.X_train.index.to_numpy() >= decided_from
            threshold = decision.choose_threshold(rule, estimator, *rows, self._workers, counted)
        return Tuned(estimator, found, folds, _candidate_table(search), state(), threshold, method)

    def _baseline(self, model: ModelPlan) -> Any:
        settings = self._settings(model)
        try:
            with self._fitting():
                return self._experiment.create_model(model.algorithm, verbose=False, **settings)
        except (TypeError, ValueError) as exc:
            raise BadInput(
                f"{CATALOGUE[model.algorithm].title} cannot be fitted with the settings "
                f"{settings or 'it has by default'}: {exc}."
            ) from exc

    def _settings(self, model: ModelPlan) -> dict[str, Any]:
        always = dict(CATALOGUE[model.algorithm].settings)
        return {**always, **self._weights(model.algorithm), **dict(model.settings)}

    def _weights(self, algorithm: str) -> dict[str, str]:
        wished = self._plan.options.class_weights == "balanced"
        return dict(CATALOGUE[algorithm].balanced) if wished else {}

    def _grid(self, algorithm: str) -> dict[str, Any]:
        """PyCaret's grid without the class weights, where the plan has settled them."""
        weights = self._weights(algorithm)
        grid = self._experiment._all_models_internal[algorithm].tune_grid
        if not weights or not any(name in grid for name in weights):
            return {}
        rest = {name: values for name, values in grid.items() if name not in weights}
        return {"custom_grid": rest}

    def _method(self, algorithm: str) -> str:
        return decision.calibration_method(CATALOGUE[algorithm], self._plan.options.calibration)

    def check_sizes(self, models: Iterable[ModelPlan]) -> None:
        """BadInput where one of the algorithms cannot be fitted on so many rows."""
        for algorithm in (CATALOGUE[model.algorithm] for model in models):
            if self._too_large(algorithm.id):
                raise BadInput(
                    f"{algorithm.title} cannot be fitted on {self.fit_rows:,} rows, only on up to "
                    f"{algorithm.most_rows:,}. {algorithm.slow} Choose another algorithm."
                )

    def _too_large(self, algorithm: str) -> bool:
        most = CATALOGUE[algorithm].most_rows
        return most is not None and self.fit_rows > most


def _all_rows(data: pd.DataFrame) -> tuple[dict[str, Any], pd.DataFrame]:
    """Set-up arguments with which every row is fitted.

    PyCaret insists on a validation set: it gets a copy of the first rows, and none of its
    validation figures are kept.
    """
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
