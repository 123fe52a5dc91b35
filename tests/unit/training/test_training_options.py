"""Choices besides the algorithms: what is read, refused, stored and read again."""

from __future__ import annotations

import json
import sys

import pytest

from core.dataset import spec as specs
from core.dataset.training_options import Options, ThresholdRule
from core.errors import BadInput, SpecError
from core.training import catalogue, provenance
from core.training.catalogue import CATALOGUE, title_of
from core.training.plan import TrainingPlan, make_plan
from core.training.progress import Budget

SPEC = specs.from_text(
    "target: {column: y, positive: 1}\ncolumns: {a: numeric}\n"
    "training: {folds: 5, models: {lr: {candidates: 10}, nb: {candidates: 30}}}",
    "shop",
)


@pytest.mark.parametrize("text", ["0.5", "0.25", "f1", "youden", "cost:5.0", "cost:0.2"])
def test_thresholds_are_written_as_they_are_read(text: str) -> None:
    rule = ThresholdRule.read(text)
    assert str(rule) == text
    assert rule.words


@pytest.mark.parametrize(
    "text", ["", "0", "1", "-0.1", "nan", "auc", "f1:2", "cost", "cost:0", "cost:inf", "cost:x"]
)
def test_other_thresholds_are_refused(text: str) -> None:
    with pytest.raises(BadInput, match="The threshold is a number between 0 and 1, f1"):
        ThresholdRule.read(text)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"minutes": 0}, "time budget is a number above 0"),
        ({"minutes": 1e9}, "time budget is a number above 0"),
        ({"minutes": float("nan")}, "time budget is a number above 0"),
        ({"class_weights": "heavy"}, "class weights choose one of none, balanced"),
        ({"calibration": "platt"}, "calibration choose one of none, sigmoid, isotonic"),
        ({"minutes": "30"}, "time budget is a number above 0"),
        ({"find_best": True}, "to tune is 1 or more"),
        ({"find_best": 0}, "to tune is 1 or more"),
        ({"minutes": -5.0}, "at most 10,080 minutes; found −5."),
        ({"threshold": ThresholdRule(value=1.7)}, "threshold lies above 0 and below 1; found 1.7."),
        ({"threshold": ThresholdRule("cost", -2)}, "costs more than 0 false alarms; found −2."),
        ({"minutes": 0, "calibration": "platt"}, "found 0. For calibration choose one of"),
    ],
)
def test_other_options_are_refused(changes: dict[str, object], said: str) -> None:
    with pytest.raises(BadInput, match=said):
        Options(**changes)  # type: ignore[arg-type]


SECTION = (
    "minutes: 30\nthreshold: cost:5\nclass_weights: balanced\ncalibration: sigmoid\nfind_best: 1"
)


def project(training: str) -> specs.ProjectSpec:
    section = training.replace("\n", "\n  ")
    return specs.from_text(
        f"target: {{column: y, positive: 1}}\ncolumns: {{a: numeric}}\ntraining:\n  {section}",
        "shop",
    )


def test_a_project_says_its_own_options() -> None:
    own = Options(30, ThresholdRule("cost", 5.0), "balanced", "sigmoid", 1)
    assert make_plan(project(SECTION)).options == own
    assert make_plan(project("threshold: 0.4")).options == Options(
        threshold=ThresholdRule(value=0.4)
    )
    assert make_plan(project("minutes: null\nseed: 1")).options == Options()


def test_what_is_asked_for_goes_before_the_projects_options() -> None:
    asked = {"threshold": "f1", "minutes": None, "calibration": "none", "project": "shop"}
    changed = project(SECTION).training.options.changed(asked)
    assert changed == Options(30, ThresholdRule("f1"), "balanced", "none", 1)


def test_every_wrong_option_of_a_project_is_told() -> None:
    wrong = "minutes: soon\nthreshold: auc\nclass_weights: [1, 2]\ncalibration: yes\nfind_best: 1.5"
    with pytest.raises(SpecError) as caught:
        project(wrong)
    for said in (
        "training.minutes: The time budget is a number above 0",
        "training.threshold: The threshold is a number between 0 and 1, f1, youden",
        "training.class_weights: For class weights choose one of none, balanced; found [1, 2]",
        "training.calibration: For calibration choose one of none, sigmoid, isotonic; found True",
        "training.find_best: How many of the best algorithms to tune is 1 or more; found 1.5",
    ):
        assert said in str(caught.value)
    with pytest.raises(SpecError, match="did you mean 'calibration'"):
        project("calibraton: sigmoid")


def test_a_plan_keeps_its_options_through_json() -> None:
    options = Options(2.5, ThresholdRule("cost", 4.0), "balanced", "isotonic", 1)
    plan = make_plan(SPEC, options=options)
    assert TrainingPlan.from_json(json.loads(json.dumps(plan.to_json()))) == plan
    assert plan.fits == (2 + 30) * 5, "two compared, the larger of the two tuned"


def test_a_plan_of_an_older_job_has_the_defaults() -> None:
    value = make_plan(SPEC).to_json()
    del value["options"]
    assert TrainingPlan.from_json(value) == make_plan(SPEC)
    value["options"] = {"minutes": 3}
    assert TrainingPlan.from_json(value).options == Options(minutes=3)


def test_what_is_not_installed_is_refused_with_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogue, "find_spec", lambda name: None)
    with pytest.raises(BadInput, match=r"needs the package xgboost.*pip install xgboost"):
        make_plan(SPEC, ["lr", "xgboost"])
    assert CATALOGUE["lr"].why_not is None


def test_looking_for_a_library_does_not_import_it() -> None:
    before = set(sys.modules)
    assert CATALOGUE["lightgbm"].why_not is None
    assert not {name for name in set(sys.modules) - before if name.startswith("lightgbm")}


def test_weights_for_what_takes_none_are_refused() -> None:
    weighted = Options(class_weights="balanced")
    with pytest.raises(BadInput, match="Naive Bayes takes no class weights"):
        make_plan(SPEC, ["nb"], options=weighted)
    assert make_plan(SPEC, ["lr", "nb"], options=weighted).options == weighted


def test_titles() -> None:
    assert title_of("dt") == "Decision Tree Classifier"
    assert title_of("long gone") == "long gone"


def test_a_budget_is_shared_among_the_models_left() -> None:
    now = [100.0]
    budget = Budget(2, lambda: now[0])
    assert budget.deadline(3) == 140
    now[0] = 130
    assert budget.deadline(2) == 175
    assert not budget.half_is_over
    now[0] = 161
    assert budget.half_is_over
    now[0] = 500
    assert budget.deadline(1) == 500
    assert Budget(None).deadline(1) is None
    assert not Budget(None).half_is_over


def test_versions_name_what_is_installed() -> None:
    found = provenance.versions("lightgbm", "no-such-package")
    assert {"python", "pycaret-core", "scikit-learn", "numpy", "mlflow", "lightgbm"} <= set(found)
    assert "no-such-package" not in found
