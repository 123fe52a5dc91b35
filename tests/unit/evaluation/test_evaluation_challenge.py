"""Challenger against champion, and both against what needs no model."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import f1_score, log_loss

from core.evaluation.challenge import Scores, baseline, challenge, in_words


def rows(n: int = 3000, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Labels and the chances they were drawn from."""
    generator = np.random.default_rng(seed)
    chance = generator.uniform(0.1, 0.6, n)
    return (generator.random(n) < chance).astype(int), chance


def test_the_baseline_is_what_a_constant_gives() -> None:
    y, _ = rows()
    found = baseline(y)
    assert found.log_loss == pytest.approx(log_loss(y, np.full(len(y), y.mean())), abs=1e-12)
    assert found.f1 == pytest.approx(f1_score(y, np.ones(len(y))), abs=1e-12)


@pytest.mark.parametrize("y", [np.zeros(4), np.ones(4), np.empty(0)])
def test_one_class_leaves_ranking_undefined(y: np.ndarray) -> None:
    assert np.isnan(baseline(y).roc_auc)


def test_a_better_challenger_is_said_to_be_better() -> None:
    y, chance = rows()
    blind = Scores("v1 old", np.full(len(y), 0.35), 0.5)
    seeing = Scores("v2 new", chance, 0.3)
    found = challenge(y, blind, seeing, resamples=200)
    said = in_words(found, "the 3,000 rows")
    assert said.count("better") == 3
    assert f"{f1_score(y, chance > 0.3):.3f} against 0.000" in said
    assert f"{found.baseline.f1:.3f} for a constant" in said


def test_the_same_model_is_not_shown_to_differ() -> None:
    y, chance = rows()
    same = Scores("v1", chance, 0.3)
    assert (
        in_words(challenge(y, same, same, resamples=50), "them").count("not shown to differ") == 3
    )


def test_json_holds_no_nan() -> None:
    one = Scores("v1", np.full(5, 0.2), 0.5)
    stored = challenge(np.zeros(5, int), one, one, resamples=10).as_dict()
    assert stored["baseline"]["roc_auc"] is None
    assert stored["differences"]["roc_auc"]["difference"] is None
