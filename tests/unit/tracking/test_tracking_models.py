"""A model goes into MLflow and comes back the same, or not at all."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer

from core.dataset import shipped_code
from core.dataset import spec as specs
from core.errors import IntegrityError, TrackingError
from core.settings import Settings
from core.tracking import models, registry, runs
from core.training.pipeline import assemble, feature_steps, probability_of

SPEC = specs.from_text(
    "target: {column: y, positive: 1}\ncolumns: {a: numeric, b: boolean}\nderived: {c: a * 2}",
    "shop",
)
RAW = pd.DataFrame({"a": np.arange(40.0), "b": np.arange(40) % 2 == 0})


def fitted(steps: object = None) -> object:
    steps = steps or feature_steps(SPEC)
    labels = (RAW["a"] > 20).astype(int)
    return assemble(steps, LogisticRegression().fit(steps.fit_transform(RAW), labels))


def logged(settings: Settings, pipeline: object) -> tuple[models.LoggedModel, str]:
    with runs.action(settings, "shop", "train") as log:
        stored = models.log_model(
            settings,
            log.run_id,
            pipeline,
            RAW.head(2),
            shipped_code.FILES,
            shipped_code.TRUSTED_TYPES,
        )
    return stored, log.run_id


def test_a_model_comes_back_the_same(workspace: Settings) -> None:
    pipeline = fitted()
    stored, run_id = logged(workspace, pipeline)
    assert stored.file_format == "skops"
    tags = {"model_sha256": stored.sha256, "algorithm": "lr"}
    registry.register(workspace, "shop", stored.uri, run_id, tags)
    version = registry.find(workspace, "shop", "1")
    back = models.load_pipeline(workspace, version)
    np.testing.assert_array_equal(probability_of(back, RAW), probability_of(pipeline, RAW))
    assert models.load_pipeline(workspace, version) is back


def test_a_kept_model_comes_back_the_same(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it brings matplotlib, which speaks of deprecations
        from lightgbm import LGBMClassifier

    steps, labels = feature_steps(SPEC), (RAW["a"] > 20).astype(int)
    boosted = LGBMClassifier(n_estimators=5, verbosity=-1, min_child_samples=2)
    strange = Pipeline([("same", FunctionTransformer(lambda frame: frame * 1.0))])
    for pipeline, expected in (
        (assemble(steps, boosted.fit(steps.fit_transform(RAW), labels)), "skops"),
        (fitted(strange), "cloudpickle"),
    ):
        own = shipped_code.TRUSTED_TYPES
        name, file_format, sha256 = models.save_file(pipeline, tmp_path, own)
        assert file_format == expected
        back = models.read_file(tmp_path / name, sha256, own)
        np.testing.assert_array_equal(probability_of(back, RAW), probability_of(pipeline, RAW))
        with pytest.raises(IntegrityError, match="not the model that was kept"):
            models.read_file(tmp_path / name, "0" * 64, own)


def test_an_earlier_attempt_is_found_and_its_leavings_removed(workspace: Settings) -> None:
    from core.tracking.store import client

    stored, run_id = logged(workspace, fitted())
    experiment = [client(workspace).get_run(run_id).info.experiment_id]
    assert models.logged_model(workspace, run_id, stored.sha256) == stored
    assert models.logged_model(workspace, run_id, "another") is None
    assert client(workspace).search_logged_models(experiment) == []


def test_a_changed_file_is_not_loaded(workspace: Settings) -> None:
    stored, run_id = logged(workspace, fitted())
    tags = {"model_sha256": stored.sha256, "algorithm": "lr"}
    registry.register(workspace, "shop", stored.uri, run_id, tags)
    stored.file.write_bytes(stored.file.read_bytes() + b"x")
    with pytest.raises(IntegrityError, match="changed since it was registered"):
        models.load_pipeline(workspace, registry.find(workspace, "shop", "1"))


def test_a_model_of_foreign_code_is_stored_another_way(workspace: Settings) -> None:
    stored, _ = logged(
        workspace, fitted(Pipeline([("same", FunctionTransformer(lambda frame: frame * 1.0))]))
    )
    assert stored.file_format == "cloudpickle"
    assert stored.file.name == "model.pkl"


def test_an_absent_model(workspace: Settings) -> None:
    _, run_id = logged(workspace, fitted())
    registry.register(workspace, "shop", f"runs:/{run_id}/nothing", run_id, {"algorithm": "lr"})
    with pytest.raises(TrackingError, match="could not load the model"):
        models.load_pipeline(workspace, registry.find(workspace, "shop", "1"))


@pytest.mark.parametrize("said", [True, 1, 1.0, "yes", "TRUE", "1"])
def test_the_served_function_reads_a_truth_value_however_it_comes(
    workspace: Settings, said: object
) -> None:
    import mlflow

    pipeline = fitted()
    stored, _ = logged(workspace, pipeline)
    served = mlflow.pyfunc.load_model(stored.uri)
    answer = np.asarray(served.predict(pd.DataFrame({"a": [3], "b": [said]})))
    expected = pipeline.predict_proba(pd.DataFrame({"a": [3.0], "b": [True]}))  # type: ignore[attr-defined]
    assert answer.tolist() == expected.tolist()
    with pytest.raises(ValueError, match="'b' needs true or false; found 'maybe'"):
        served.predict(pd.DataFrame({"a": [3.5], "b": ["maybe"]}))
    with pytest.raises(ValueError, match="'a' needs a finite number; found 'far'"):
        served.predict(pd.DataFrame({"a": ["far"], "b": [said]}))
