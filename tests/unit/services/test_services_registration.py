"""Models of runs that are no version: found, compared, registered once they show what they are."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression

from core.cli.main import main
from core.dataset import io, shipped_code
from core.errors import BadInput, IntegrityError
from core.evaluation.metrics import binary_metrics
from core.services import comparison, promotion, registration
from core.tracking import models, registry, runs, store
from core.tracking import unregistered as strays


@pytest.fixture
def own(club: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The project with two versions; models are really loaded where they are really stored."""
    instead, real = models.load_pipeline, models._load

    def load(settings: Any, version: Any) -> Any:
        if version.source.startswith("models:/m-"):
            return real(settings, version.source, version.tags.get("model_sha256", ""))
        return instead(settings, version)

    club.prepared = club.prepare()
    club.train(club.prepared)
    monkeypatch.setattr(models, "load_pipeline", load)
    return club


def log_own_model(
    club: Any, *, finished: bool = True, kept: bool = True, shift: float = 0.0
) -> str:
    """A scikit-learn model in a run of its own, as a notebook would log it; the run's id."""
    columns = ["age", "visits"]
    model = LogisticRegression().fit(club.test[columns], club.test["left"])
    probability = model.predict_proba(club.test[columns])[:, 1]
    found = binary_metrics(club.test["left"].to_numpy(), probability).as_dict()
    run = runs.start(
        club.settings,
        "club",
        "train",
        name="My own model",
        params={"prepare_run_id": club.prepared},
        tags={"algorithm": "lr"},
    )
    run.metrics({**found, "roc_auc": found["roc_auc"] + shift}, prefix="test_")
    if kept:
        path = club.settings.home / "holdout_lr.parquet"
        io.write_table(club.test, path)
        run.file(path, "tables")
    models.log_model(
        club.settings,
        run.run_id,
        model,
        club.test[columns].head(2),
        shipped_code.FILES,
        shipped_code.TRUSTED_TYPES,
    )
    if finished:
        run.finish()
    return str(run.run_id)


def name_of(run_id: str) -> str:
    return f"run-{run_id[:8]}"


def test_a_finished_runs_model_is_found_and_compared_with_the_versions(own: Any) -> None:
    run_id = log_own_model(own)
    log_own_model(own, finished=False)
    (stray,) = comparison.unregistered(own.settings, "club")
    assert (stray.version, stray.registered) == (name_of(run_id), False)
    assert stray.label == f"{name_of(run_id)} My own model"
    told = comparison.compare(own.settings, "club", [stray.version], record=False)
    (candidate,) = told["candidates"]
    assert candidate["version"] == name_of(run_id)
    assert candidate["test"]["roc_auc"] == pytest.approx(stray.metrics["test_roc_auc"], abs=1e-12)
    assert set(candidate["differences"]) == set(comparison.METRICS)
    versions = registry.versions(own.settings, "club")
    found = comparison.measured(own.settings, "club", [*versions, stray])
    assert found.labels[stray.version] == stray.label and len(found.sides) == 3


def test_any_number_of_runs_costs_four_questions(own: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(3):
        log_own_model(own, kept=False)
    asked: list[str] = []
    client = store.client(own.settings)

    class Counting:
        def __getattr__(self, name: str) -> Any:
            asked.append(name)
            return getattr(client, name)

    listed = registry.versions(own.settings, "club")
    for module in (strays, runs, store):
        monkeypatch.setattr(module, "client", lambda settings: Counting())
    assert len(strays.unregistered(own.settings, "club", listed)) == 3
    assert [one for one in asked if one != "get_experiment_by_name"] == [
        "search_logged_models",
        "search_runs",
    ], "the registry itself was asked before"
    assert len(asked) == 4


def test_registering_proves_it_and_makes_a_version_that_can_be_promoted(own: Any) -> None:
    name = name_of(log_own_model(own))
    made = registration.register(own.settings, "club", name)
    assert made["version"] == "3"
    assert "the same as were logged" in made["proof"]
    assert comparison.unregistered(own.settings, "club") == []
    version = registry.find(own.settings, "club", "3")
    assert version.tags[registry.PROOF] == registry.PASSED and version.title == "My own model"
    promoted = promotion.promote(own.settings, "club", "3", reason="it is mine")
    assert promoted["previous"] == "1"
    assert [entry.version for entry in promotion.log(own.settings, "club")] == ["3"]
    recorded = runs.recent(own.settings, "club", "promote")[-1]
    assert recorded.tags["kind"] == "register" and recorded.tags["version"] == "3"


def test_a_model_that_is_not_the_one_measured_is_not_registered(own: Any) -> None:
    name = name_of(log_own_model(own, shift=1e-6))
    with pytest.raises(IntegrityError, match=r"ROC AUC on its own holdout is 0\.\d+ after loading"):
        registration.register(own.settings, "club", name)
    assert len(registry.versions(own.settings, "club")) == 2


def test_without_a_holdout_of_its_own_that_of_its_preparation_counts(own: Any) -> None:
    name = name_of(log_own_model(own, kept=False))
    made = registration.register(own.settings, "club", name)
    assert made["proof"] == "9 figures on 400 holdout rows, the same as were logged"
    other = name_of(log_own_model(own, kept=False, shift=0.01))
    with pytest.raises(IntegrityError, match="is not the model that was measured"):
        registration.register(own.settings, "club", other)


def test_where_nobody_knows_its_rows_it_must_answer_for_the_present_holdout(own: Any) -> None:
    name = name_of(log_own_model(own, kept=False))
    store.client(own.settings).delete_run(own.prepared)
    made = registration.register(own.settings, "club", name)
    assert made["proof"].endswith("it scored 400 rows of the present one")


def test_a_model_of_other_columns_is_told_and_not_registered(own: Any) -> None:
    run = runs.start(own.settings, "club", "train", name="Other columns")
    frame = pd.DataFrame({"a": np.arange(20.0), "b": 1.0})
    models.log_model(
        own.settings,
        run.run_id,
        LogisticRegression().fit(frame, np.arange(20) % 2),
        frame.head(2),
        shipped_code.FILES,
        shipped_code.TRUSTED_TYPES,
    )
    run.finish()
    with pytest.raises(IntegrityError, match="made for other columns"):
        registration.register(own.settings, "club", name_of(run.run_id))


def test_a_model_logged_by_plain_mlflow_is_compared_on_the_holdout(own: Any) -> None:
    import mlflow

    columns = ["age", "visits"]
    store.client(own.settings)
    mlflow.set_experiment("club")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # MLflow advises to give a signature
        with mlflow.start_run(run_name="My own forest") as run:
            mlflow.log_param("prepare_run_id", own.prepared)
            model = RandomForestClassifier(5).fit(own.test[columns], own.test["left"])
            mlflow.sklearn.log_model(
                model,
                name="model",
                serialization_format="cloudpickle",
                pip_requirements=["scikit-learn"],
            )
    name = name_of(run.info.run_id)
    told = comparison.compare(own.settings, "club", [name], record=False)
    assert told["rows"] == 400 and told["not_compared"] == {}
    assert [one["version"] for one in told["candidates"]] == [name]


def test_columns_in_another_order_are_named_as_such(own: Any) -> None:
    run = runs.start(own.settings, "club", "train", params={"prepare_run_id": own.prepared})
    columns = ["visits", "age"]
    models.log_model(
        own.settings,
        run.run_id,
        LogisticRegression().fit(own.test[columns], own.test["left"]),
        own.test[columns].head(2),
        shipped_code.FILES,
        shipped_code.TRUSTED_TYPES,
    )
    run.finish()
    told = comparison.compare(own.settings, "club", [name_of(run.run_id)], record=False)
    (why,) = told["not_compared"].values()
    assert why.endswith(
        "in another order (visits, age); fit it on them as the specification has them: age, visits."
    )


def test_an_unknown_run_is_told_with_those_there_are(own: Any) -> None:
    name = name_of(log_own_model(own, kept=False))
    with pytest.raises(BadInput, match=f"there are: {name}"):
        registration.register(own.settings, "club", "run-00000000")


def test_the_terminal_registers(own: Any, capsys: pytest.CaptureFixture[str]) -> None:
    run_id = log_own_model(own)
    assert main(["register", "--run", run_id, "--project", "club", "--json"]) == 0
    assert '"version": "3"' in capsys.readouterr().out
