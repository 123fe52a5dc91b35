"""What a retraining tries by default: affordable, and as the project says where it says."""

from __future__ import annotations

from core.dataset.spec import ModelPlan
from core.training.catalogue import CATALOGUE
from core.training.usual import usual_algorithms, usual_candidates


def test_trees_are_tried_less_often_than_a_line() -> None:
    usual = usual_candidates(usual_algorithms(), [])
    assert usual["gbc"] < usual["rf"] < usual["lr"]


def test_what_a_project_says_counts() -> None:
    own = [ModelPlan("gbc", 40), ModelPlan("dt", 400)]
    assert usual_candidates(["lr", "gbc"], own) == {"lr": 20, "gbc": 40}


def test_other_slow_ones_are_tried_less_often_too() -> None:
    usual = usual_candidates(list(CATALOGUE), [])
    others = {name: count for name, count in usual.items() if name not in usual_algorithms()}
    assert {name for name, count in others.items() if count < 20} == {"rbfsvm", "mlp", "gpc"}
