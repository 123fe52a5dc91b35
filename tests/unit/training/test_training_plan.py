"""A plan says what will be trained; what cannot be is refused before a job starts."""

from __future__ import annotations

import json
import sys

import pytest

from core.dataset import spec as specs
from core.dataset.spec import ProjectSpec
from core.errors import BadInput, CourtsideError
from core.training.plan import TrainingPlan, check_python, make_plan

TEXT = """
target: {column: y, positive: 1}
columns: {a: numeric}
training:
  seed: 11
  folds: 5
  metric: F1
  fit_share: 0.7
  models: {lr: {candidates: 10}, dt: {candidates: 30, settings: {max_depth: 3}}}
"""


@pytest.fixture
def spec() -> ProjectSpec:
    return specs.from_text(TEXT, "shop")


def test_without_changes_it_is_the_projects_own(spec: ProjectSpec) -> None:
    plan = make_plan(spec)
    assert (plan.project, plan.seed, plan.folds, plan.metric) == ("shop", 11, 5, "F1")
    assert plan.fit_share == 0.7
    assert [(m.algorithm, m.candidates, m.settings) for m in plan.models] == [
        ("lr", 10, ()),
        ("dt", 30, (("max_depth", 3),)),
    ]
    assert plan.fits == (10 + 30) * 5


def test_changes(spec: ProjectSpec) -> None:
    plan = make_plan(spec, ["dt", "dt"], {"dt": 4}, folds=3, metric="AUC", seed=0)
    assert (plan.folds, plan.metric, plan.seed, plan.fits) == (3, "AUC", 0, 12)
    assert [m.settings for m in plan.models] == [(("max_depth", 3),)]


def test_an_algorithm_without_a_plan_of_its_own(spec: ProjectSpec) -> None:
    small = specs.from_text(TEXT.replace("lr: {candidates: 10}, ", ""), "shop")
    (model,) = make_plan(small, ["lr"]).models
    assert (model.algorithm, model.candidates, model.settings) == ("lr", 20, ())


def test_json_round_trip(spec: ProjectSpec) -> None:
    plan = make_plan(spec)
    assert TrainingPlan.from_json(json.loads(json.dumps(plan.to_json()))) == plan


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"algorithms": []}, "Choose from the algorithms"),
        ({"algorithms": ["lr", "knearest"]}, "found 'knearest'"),
        ({"candidates": {"knearest": 3}}, "found 'knearest'"),
        (
            {"candidates": {"lr": 0}},
            "Candidates for Logistic Regression must be 1 to 100,000; found 0.",
        ),
        ({"candidates": {"lr": 100_001}}, "to 100,000; found 100,001."),
        ({"candidates": {"lr": -5}}, "to 100,000; found −5."),
        ({"metric": "R2"}, "The metric is one of"),
        ({"folds": 1}, "Folds must be 2 to 50"),
        ({"folds": 51}, "Folds must be 2 to 50"),
        ({"seed": -1}, "The seed is a whole number from 0 to 2,147,483,647; found −1."),
        ({"seed": 2**31}, "seed is a whole number"),
    ],
)
def test_what_cannot_be(spec: ProjectSpec, changes: dict[str, object], said: str) -> None:
    with pytest.raises(BadInput, match=said):
        make_plan(spec, **changes)


def test_all_that_is_out_of_range_is_said_at_once(spec: ProjectSpec) -> None:
    with pytest.raises(BadInput) as said:
        make_plan(spec, candidates={"lr": 0}, folds=1000)
    assert str(said.value) == (
        "Candidates for Logistic Regression must be 1 to 100,000; found 0. "
        "Folds must be 2 to 50; found 1,000."
    )


def test_a_project_may_not_name_an_unknown_algorithm() -> None:
    spec = specs.from_text(TEXT.replace("lr:", "magic:"), "shop")
    with pytest.raises(BadInput, match="found 'magic'"):
        make_plan(spec)


@pytest.mark.parametrize(
    ("version", "fine"), [((3, 10), 0), ((3, 11), 1), ((3, 12), 1), ((3, 13), 0)]
)
def test_pythons_that_train_wrongly_are_refused(
    monkeypatch: pytest.MonkeyPatch, version: tuple[int, int], fine: int
) -> None:
    class Version(tuple):
        major, minor = version

    monkeypatch.setattr(sys, "version_info", Version((*version, 0, "final", 0)))
    if fine:
        check_python()
    else:
        with pytest.raises(CourtsideError, match=r"needs Python 3\.11 or 3\.12"):
            check_python()
