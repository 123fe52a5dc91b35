"""What the training and comparison services read back of versions and jobs."""

from __future__ import annotations

from typing import Any

import pytest

from core.errors import BadInput
from core.evaluation.metrics import binary_metrics
from core.monitoring.profile import build_profile
from core.monitoring.reference import Reference
from core.services import comparison, holdout, training
from core.settings import Settings
from core.tracking import runs


def test_a_workspace_without_a_store_has_no_versions(bare_workspace: Settings) -> None:
    assert comparison.versions(bare_workspace, "club") == []
    assert not bare_workspace.home.exists(), "looking made nothing"


def test_evidence_and_its_charts(club: Any) -> None:
    club.train(club.prepare())
    found = [holdout.evidence(club.settings, v) for v in comparison.versions(club.settings, "club")]
    assert [one.version.label for one in found] == [
        "v2 Decision Tree Classifier",
        "v1 Logistic Regression",
    ]
    assert sum(vars(found[0].confusion).values()) == len(club.test)
    roc = holdout.roc_overlay(found, "v1 Logistic Regression")
    assert roc.layout.title.text.endswith("the best of 2")
    assert {trace.name for trace in holdout.importance_sides(found).data} == {
        "v1 Logistic Regression",
        "v2 Decision Tree Classifier",
    }
    cells = holdout.confusion_chart(found[0], ("stayed", "left")).data[0].z
    assert sum(map(sum, cells)) == len(club.test)
    histogram = holdout.probability_chart(club.settings, "club", found[0].version)
    assert sum(sum(trace.y) for trace in histogram.data) == len(club.test)


def test_a_retrained_version_is_drawn_on_the_rows_that_judged_it(club: Any) -> None:
    version = club.train(club.prepare())["models"][0]
    rows = club.test.tail(150)
    p = club.models["1"].predict_proba(club.test)[-150:, 1]
    y = rows["left"].to_numpy(float)
    run = runs.RunLog(club.settings, version["run_id"])
    run.metrics({"recent_roc_auc": 0.5})
    kinds = dict(club.spec.kinds)
    profile = build_profile(rows[list(kinds)], kinds, p, y, reference=Reference(150, 150))
    run.json(profile.to_dict(), "recent_profile.json")
    versions = {one.version: one for one in comparison.versions(club.settings, "club")}
    found = holdout.judged_evidence(club.settings, "club", versions["1"])
    assert sum(vars(found.confusion).values()) == 150
    exact = binary_metrics(y.astype(int), p)
    assert found.metrics == pytest.approx(exact.as_dict())
    assert found.roc.auc == pytest.approx(exact.roc_auc)
    histogram = holdout.probability_chart(club.settings, "club", versions["1"])
    assert sum(sum(trace.y) for trace in histogram.data) == 150
    whole = holdout.evidence(club.settings, versions["1"])
    assert found.importance == whole.importance and sum(vars(whole.confusion).values()) == 400
    other = holdout.judged_evidence(club.settings, "club", versions["2"])
    assert sum(vars(other.confusion).values()) == 400


def test_time_and_stages_come_from_the_jobs_events(club: Any) -> None:
    plan = training.defaults(club.settings, "club")
    assert training.forecast(club.settings, plan).most is None, "nothing is prepared"
    result = club.train(club.prepare())
    assert training.forecast(club.settings, plan).most is None
    job_id = club.job("succeeded", result)
    # 20 fits at 0.5 s, 30 at 1/6 s, and 50 s for the rest.
    assert training.forecast(club.settings, plan).most == pytest.approx(65)
    more_rows = training.forecast(club.settings, plan, train_rows=3200).most
    assert more_rows == pytest.approx(80), "a retraining's tables, before they are made"
    stages = [stage for _, stage in training.stages_of(club.settings, "club", job_id)]
    assert stages == [
        "Loading PyCaret",
        "Tuning Logistic Regression",
        "Measuring Logistic Regression",
        "Tuning Decision Tree Classifier",
        "Done",
    ]


def test_a_plan_is_checked_before_anything_starts(club: Any) -> None:
    plan = training.plan(club.settings, "club", ["dt"], {"dt": 3}, 4, "AUC", 5)
    assert (plan.fits, plan.metric, plan.seed) == (12, "AUC", 5)
    with pytest.raises(BadInput, match="Folds must be 2 to 50"):
        training.plan(club.settings, "club", ["dt"], {}, 1, "AUC", 5)


def test_the_first_champion_is_on_record(club: Any) -> None:
    prepared = club.prepare()
    assert training.made_champion(club.settings, club.train(prepared)) == "1"
    assert training.made_champion(club.settings, club.train(prepared, champion=False)) is None
