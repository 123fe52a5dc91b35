"""The version in the registry is the model that was measured, or nobody can use it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from core.dataset import io
from core.errors import BadInput, IntegrityError
from core.tracking import models, registry, runs
from core.training.run_record import close_run, open_run

PROJECT = "club"


def shuffled(y: Any) -> Any:
    return y.sample(frac=1, random_state=3).set_axis(y.index)


def test_a_proven_version_is_tagged_and_put_in_charge(workshop: Any) -> None:
    workshop.keep()
    result = workshop.publish()
    version = registry.find(workshop.settings, PROJECT)
    assert (version.version, version.tags["proof"], version.why_not) == ("1", "passed", None)
    (report,) = result["models"]
    assert report["version"] == result["best"]["version"] == "1"
    assert report["warnings"] == []
    child = runs.get(workshop.settings, report["run_id"])
    assert child.status == "FINISHED"
    assert child.metrics["test_roc_auc"] == report["test"]["roc_auc"]
    again = models.load_pipeline(workshop.settings, version).predict_proba(workshop.data.test)
    rows = io.read_table(workshop.settings.layer(PROJECT, "07_model_output") / "holdout_lr.parquet")
    np.testing.assert_allclose(again[:, 1], rows["probability"], rtol=0, atol=1e-12)


def test_rows_fitted_with_others_labels_are_caught(workshop: Any) -> None:
    """Measured the same before and after: only the rows it was fitted on give it away."""
    workshop.keep(shuffled)
    with pytest.raises(IntegrityError, match="paired rows with others' labels") as caught:
        workshop.publish()
    refused(workshop, str(caught.value))


def test_a_target_shuffled_between_measuring_and_storing_is_caught(workshop: Any) -> None:
    workshop.keep()
    file = workshop.kept.of("lr") / "holdout.parquet"
    rows = io.read_table(file)
    io.write_table(rows.assign(left=shuffled(rows["left"])), file)
    with pytest.raises(IntegrityError, match=r"ROC AUC on the holdout is 0\..* but 0\.") as caught:
        workshop.publish()
    refused(workshop, str(caught.value))


def refused(workshop: Any, said: str) -> None:
    """The version is there, with the reason; nothing lets it near production."""
    settings = workshop.settings
    (version,) = registry.versions(settings, PROJECT)
    assert version.tags["proof"] == "failed"
    assert version.tags["proof_message"] in said
    assert not version.aliases
    figures = [word.strip(",") for word in said.split() if word.startswith("0.")]
    assert len(figures) == 2
    for attempt in (
        lambda: registry.find(settings, PROJECT, "1"),
        lambda: registry.set_alias(settings, PROJECT, "champion", "1"),
        lambda: registry.set_alias(settings, PROJECT, "challenger", "1"),
    ):
        with pytest.raises(BadInput, match="v1 Logistic Regression cannot be used") as caught:
            attempt()
        assert all(figure in str(caught.value) for figure in figures)
    (child,) = runs.search(settings, PROJECT, "tags.algorithm = 'lr'")
    assert child.status == "FAILED"


def test_what_is_published_twice_is_there_once(workshop: Any) -> None:
    from core.tracking.store import client

    workshop.keep()
    run = open_run(workshop.settings, workshop.record)
    first, second = workshop.publish(run), workshop.publish(run)
    assert first == second
    assert [v.version for v in registry.versions(workshop.settings, PROJECT)] == ["1"]
    store = client(workshop.settings)
    for run_id in (first["run_id"], first["models"][0]["run_id"]):
        assert len(store.get_metric_history(run_id, "test_roc_auc")) == 1
    found = runs.search(workshop.settings, PROJECT)
    assert len(found) == 2
    assert len(store.search_logged_models([store.get_run(run.run_id).info.experiment_id])) == 1


def test_a_version_whose_proof_never_came_is_not_there(workshop: Any) -> None:
    workshop.keep()
    run = open_run(workshop.settings, workshop.record)
    workshop.publish(run)
    child = runs.child(workshop.settings, PROJECT, run.run_id, "lr")
    assert child is not None
    source = registry.find(workshop.settings, PROJECT, "1").source
    registry.register(workshop.settings, PROJECT, source, child.run_id, {"proof": "pending"})
    assert [v.version for v in registry.versions(workshop.settings, PROJECT)] == ["1"]
    with pytest.raises(BadInput, match="no version '2'"):
        registry.find(workshop.settings, PROJECT, "2")
    with pytest.raises(BadInput, match="has not been proven"):
        registry.set_alias(workshop.settings, PROJECT, "champion", "2")
    close_run(workshop.settings, PROJECT, run.run_id, "lost")
    from core.tracking.store import client

    left = client(workshop.settings).search_model_versions(f"name = '{PROJECT}'")
    assert [str(version.version) for version in left] == ["1"]


def test_a_kept_model_that_was_changed_is_not_published(workshop: Any) -> None:
    workshop.keep()
    file = workshop.kept.of("lr") / "model.skops"
    file.write_bytes(file.read_bytes() + b"x")
    with pytest.raises(IntegrityError, match="is not the model that was kept"):
        workshop.publish()
    assert registry.versions(workshop.settings, PROJECT) == []
