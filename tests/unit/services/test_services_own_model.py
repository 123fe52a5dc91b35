"""A forest that somebody fitted in a notebook lives the life of a version that was trained here."""

from __future__ import annotations

import json
import warnings
from typing import Any

import pytest
from sklearn.ensemble import RandomForestClassifier

from core.dataset import io
from core.errors import NotReady
from core.services import (
    comparison,
    holdout,
    model_card,
    monitoring,
    preparation,
    projects,
    promotion,
    registration,
    reproduction,
    row_passport,
    scoring,
)
from core.settings import Settings
from core.tracking import models, registry, runs, store

SAMPLE, CLUB = "sample", "club"


def log_forest(settings: Settings, project: str, **metrics: float) -> str:
    """As README shows it; the run's name on the Compare page."""
    import mlflow

    spec = projects.load_spec(settings, project)
    folder = settings.layer(project, "05_model_input")
    record = json.loads((folder / "preparation.json").read_text())
    train = io.read_table(folder / "base_train.parquet")
    raw, y = train[list(spec.raw_columns)], train[spec.target.column]
    model = RandomForestClassifier(10, min_samples_leaf=20, random_state=0).fit(raw, y)
    store.client(settings)
    mlflow.set_experiment(project)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # MLflow advises to give a signature
        with mlflow.start_run(run_name="My own forest") as run:
            mlflow.log_param("prepare_run_id", record["run_id"])
            mlflow.log_metrics(metrics)
            mlflow.sklearn.log_model(
                model,
                name="model",
                serialization_format="cloudpickle",
                pip_requirements=["scikit-learn==1.4.2"],
            )
    return f"run-{run.info.run_id[:8]}"


@pytest.fixture
def own(club: Any, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The project, prepared and never trained; what is stored is really loaded."""
    monkeypatch.setattr(models, "load_pipeline", _really_loaded)
    club.prepare()
    return club.settings  # type: ignore[no-any-return]


def _really_loaded(settings: Settings, version: Any) -> Any:
    return models._load(settings, version.source, version.tags.get("model_sha256", ""))


@pytest.fixture
def forest(own: Settings) -> Any:
    """The forest's version."""
    made = registration.register(own, CLUB, log_forest(own, CLUB))
    assert made["lacks"] == ""
    return registry.find(own, CLUB, made["version"])


def table(settings: Settings, name: str) -> Any:
    return io.read_table(settings.layer(CLUB, "05_model_input") / f"base_{name}.parquet")


def test_production_is_scored_and_judged_with_it(workspace: Settings) -> None:
    projects.init_sample(workspace)
    preparation.run(workspace, SAMPLE)
    made = registration.register(workspace, SAMPLE, log_forest(workspace, SAMPLE))
    promotion.promote(workspace, SAMPLE, made["version"], reason="it is mine")
    source = scoring.production_file(workspace, SAMPLE)
    assert source is not None
    out = scoring.output_path(workspace, SAMPLE, source.name)
    scored = scoring.score_file(workspace, SAMPLE, source, out)
    told, report = monitoring.monitor(workspace, SAMPLE)
    assert (report.window.version.version, report.window.rows) == (made["version"], told["rows"])
    assert told["features"]["shot_distance"]["drifted"]
    assert {alert["level"] for alert in told["alerts"]} >= {"alarm"}
    assert told["estimated"]["status"] == "refused", "the sample's production is out of its domain"
    seen = scored.summary["metrics"]
    assert told["realised"]["roc_auc"]["value"] == pytest.approx(seen["roc_auc"], abs=1e-9)
    here = [one for one in registry.versions(workspace, SAMPLE) if one.is_champion]
    assert monitoring.reference_metrics(here[0])["f1"] == here[0].metrics["test_f1"]


def test_it_carries_what_a_trained_version_does(own: Settings, forest: Any) -> None:
    assert forest.algorithm == "RandomForestClassifier" and forest.title == "My own forest"
    assert forest.params["min_samples_leaf"] == "20"
    assert forest.params["version.scikit-learn"] == "1.4.2"
    assert {"model_sha256", "spec_digest", "data_sha256", "threshold_rule"} <= set(forest.tags)
    assert {f"test_{key}" for key in comparison.METRICS} <= set(forest.metrics)
    test = table(own, "test")
    assert sum(vars(holdout.evidence(own, forest).confusion).values()) == len(test)
    histogram = holdout.probability_chart(own, CLUB, forest)
    assert sum(sum(trace.y) for trace in histogram.data) == len(test)
    (file,) = own.models_dir(CLUB).glob("v1_RandomForestClassifier.pkl")
    assert file.stat().st_size > 0
    for place in (
        runs.artifact(own, forest.run_id, "figures"),
        own.layer(CLUB, "08_reporting"),
    ):
        drawn = {path.stem.removesuffix("_RandomForestClassifier") for path in place.iterdir()}
        assert {"roc", "calibration", "importance"} <= drawn and "learning_curve" not in drawn


def test_its_card_and_the_form_for_one_row_know_its_training(own: Settings, forest: Any) -> None:
    profile = scoring.profile(own, forest)
    assert profile.rows == len(table(own, "train")) + len(table(own, "test"))
    assert len(row_passport.training_of(projects.load_spec(own, CLUB), profile).rows)
    card = model_card.build(own, CLUB, forest.version).markdown
    assert "not known" not in card and "What it goes by" in card and "scikit-learn 1.4.2" in card
    with pytest.raises(NotReady, match="it was fitted elsewhere"):
        reproduction.order(own, CLUB, forest.version)


def test_it_is_served_with_both_probabilities(own: Settings, forest: Any) -> None:
    import mlflow

    served = mlflow.pyfunc.load_model(f"models:/{CLUB}/{forest.version}")
    answer = served.predict(table(own, "test")[["age", "visits"]].head(7))
    assert answer.shape == (7, 2) and answer.sum(axis=1) == pytest.approx([1.0] * 7)


def test_registered_again_it_keeps_what_it_has(own: Settings, forest: Any) -> None:
    before = runs.artifact(own, forest.run_id, "evaluation.json").stat().st_mtime_ns
    store.client(own).delete_model_version(CLUB, forest.version)
    (stray,) = comparison.unregistered(own, CLUB)
    made = registration.register(own, CLUB, stray.version)
    assert made["proof"].startswith("9 figures on 400 holdout rows"), made["proof"]
    assert made["lacks"] == ""
    assert runs.artifact(own, forest.run_id, "evaluation.json").stat().st_mtime_ns == before


def test_what_it_cannot_have_is_said(own: Settings) -> None:
    name = log_forest(own, CLUB)
    (stray,) = comparison.unregistered(own, CLUB)
    store.client(own).delete_run(stray.params["prepare_run_id"])
    made = registration.register(own, CLUB, name)
    assert made["lacks"].startswith("Monitor and the form for one row cannot work with it")
    with pytest.raises(NotReady, match="reference_profile"):
        scoring.profile(own, registry.find(own, CLUB, made["version"]))


def test_a_failure_on_the_way_leaves_the_run_to_be_registered(
    own: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = log_forest(own, CLUB)
    with monkeypatch.context() as patch:
        patch.setattr(registration.layers, "copy_model", _no_room)
        with pytest.raises(OSError, match="no room"):
            registration.register(own, CLUB, name)
    assert comparison.versions(own, CLUB) == []
    assert [one.version for one in comparison.unregistered(own, CLUB)] == [name]
    registration.register(own, CLUB, name)
    assert (own.models_dir(CLUB) / "v2_RandomForestClassifier.json").is_file()


def _no_room(*_: Any) -> None:
    raise OSError("no room")
