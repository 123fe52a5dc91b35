"""One way to train the reference's two models, in a process of its own.

``python training_ways.py inputs|pycaret|sklearn FOLDER lr=100,dt=400`` works in a COURTSIDE_HOME
and prints one JSON object: the hyperparameters found and the holdout's figures, by algorithm.
"""

from __future__ import annotations

import json
import os
import sys
import warnings
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd

SEED, FOLDS, FIT_SHARE, WORKERS = 3128, 10, 0.7, 2
SETTINGS: dict[str, dict[str, Any]] = {"lr": {}, "dt": {"max_depth": 3}}
TARGET = "shot_made_flag"


def write_inputs(folder: Path, candidates: dict[str, int]) -> dict[str, Any]:
    """Leave the Kobe project's features and target, and PyCaret's candidates, for the other ways.

    ``folder`` is a COURTSIDE_HOME in which the project is prepared.
    """
    from core.dataset import spec as specs
    from core.settings import Settings
    from core.training.inputs import read_model_input
    from core.training.pipeline import feature_steps

    settings = Settings.from_env()
    spec = specs.load(settings.spec_file("kobe"))
    data, steps = read_model_input(settings, spec), feature_steps(spec)
    raw = list(spec.raw_columns)
    steps.fit(data.train[raw])
    for name, table in (("train", data.train), ("test", data.test)):
        features = steps.transform(table[raw]).astype("float32")
        features[TARGET] = table[TARGET].astype(int).to_numpy()
        features.to_parquet(folder / f"{name}.parquet")
    joblib.dump(_candidates(folder, candidates), folder / "candidates.joblib")
    return {}


def _candidates(folder: Path, counts: dict[str, int]) -> dict[str, list[dict[str, Any]]]:
    """What PyCaret's random search tries, in its order: it draws with a sampler of its own."""
    os.environ.setdefault("PYCARET_CUSTOM_LOGGING_PATH", os.devnull)
    from unittest.mock import patch

    from pycaret.classification import ClassificationExperiment
    from pycaret.internal.patches.sklearn import _mp_sample_without_replacement
    from sklearn.model_selection import ParameterSampler

    experiment = ClassificationExperiment()
    train = pd.read_parquet(folder / "train.parquet")
    experiment.setup(train, target=TARGET, html=False, verbose=False, system_log=False)
    grids = {name: experiment._all_models_internal[name].tune_grid for name in counts}
    sampler = "sklearn.model_selection._search.sample_without_replacement"
    with patch(sampler, _mp_sample_without_replacement):
        return {
            name: list(ParameterSampler(grids[name], count, random_state=SEED))
            for name, count in counts.items()
        }


def by_pycaret(folder: Path, candidates: dict[str, int]) -> dict[str, Any]:
    """PyCaret as it comes: its default set-up, which prepares the features once more."""
    os.environ.setdefault("PYCARET_CUSTOM_LOGGING_PATH", os.devnull)
    from pycaret.classification import ClassificationExperiment

    train, test = (pd.read_parquet(folder / f"{name}.parquet") for name in ("train", "test"))
    experiment = ClassificationExperiment()
    quiet = {"html": False, "verbose": False, "system_log": False}
    experiment.setup(
        train, target=TARGET, session_id=SEED, fold=FOLDS, n_jobs=WORKERS, index=False, **quiet
    )
    found = {}
    for name, count in candidates.items():
        baseline = experiment.create_model(name, verbose=False, **SETTINGS[name])
        tuned = experiment.tune_model(
            baseline, n_iter=count, optimize="F1", verbose=False, choose_better=True
        )
        # By default PyCaret rounds probabilities to four digits.
        scored = experiment.predict_model(tuned, data=test, raw_score=True, round=17, verbose=False)
        found[name] = _answer(name, tuned, test[TARGET], scored["prediction_score_1"])
    return found


def by_sklearn(folder: Path, candidates: dict[str, int]) -> dict[str, Any]:
    """Nothing but scikit-learn: the same candidates on the same folds, the best refitted."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GridSearchCV, StratifiedKFold, train_test_split
    from sklearn.tree import DecisionTreeClassifier

    train, test = (pd.read_parquet(folder / f"{name}.parquet") for name in ("train", "test"))
    tried = joblib.load(folder / "candidates.joblib")
    # PyCaret's own split, to the row: the target goes last, the seed is the session's.
    rows, _ = train_test_split(
        train, train_size=FIT_SHARE, stratify=train[TARGET], random_state=SEED, shuffle=True
    )
    bare = {
        "lr": LogisticRegression(max_iter=1000, random_state=SEED),
        "dt": DecisionTreeClassifier(random_state=SEED, **SETTINGS["dt"]),
    }
    found = {}
    for name in candidates:
        search = GridSearchCV(
            bare[name],
            [{key: [value] for key, value in one.items()} for one in tried[name]],
            scoring="f1",
            cv=StratifiedKFold(FOLDS),
            n_jobs=WORKERS,
        ).fit(rows.drop(columns=TARGET), rows[TARGET])
        probability = search.predict_proba(test.drop(columns=TARGET))[:, 1]
        found[name] = _answer(name, search.best_estimator_, test[TARGET], probability)
    return found


def _answer(name: str, estimator: Any, y: pd.Series, probability: Any) -> dict[str, Any]:
    from sklearn.metrics import f1_score, log_loss, roc_auc_score

    tuned = set(joblib.load(Path(sys.argv[2]) / "candidates.joblib")[name][0])
    parameters = {key: value for key, value in estimator.get_params().items() if key in tuned}
    probability = np.asarray(probability, dtype=np.float64)
    return {
        "hyperparameters": parameters,
        "roc_auc": roc_auc_score(y, probability),
        "log_loss": log_loss(y, probability),
        "f1": f1_score(y, probability > 0.5),
    }


WAYS = {"inputs": write_inputs, "pycaret": by_pycaret, "sklearn": by_sklearn}

if __name__ == "__main__":
    warnings.simplefilter("ignore")
    pairs = (pair.split("=") for pair in sys.argv[3].split(","))
    counts = {name: int(count) for name, count in pairs}
    answer = WAYS[sys.argv[1]](Path(sys.argv[2]), counts)
    print(json.dumps(answer, default=lambda value: value.item()))  # PyCaret's grids hold NumPy's
