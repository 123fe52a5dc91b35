"""Slices where a challenger loses: found where put, not found where there is nothing."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from core.dataset.slices import cut, find_conditions
from core.evaluation.metrics import binary_metrics
from core.evaluation.multiple import benjamini_hochberg
from core.evaluation.weak_spots import calibration_spots, log_loss_spots, summary, worst

KINDS = {"zone": "categorical", "age": "numeric"}


def problem(seed=0, n=2_000, spoil=0.0):
    """Labels, a champion that is right, and a challenger spoilt in the left zone."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"zone": rng.choice(["left", "right", "mid"], n), "age": rng.random(n)})
    logit = 2 * frame["age"].to_numpy() - 1
    y = (rng.random(n) < 1 / (1 + np.exp(-logit))).astype(int)
    logits = [logit + rng.normal(0, 0.3, n) for _ in range(2)]
    champion, challenger = (1 / (1 + np.exp(-one)) for one in logits)
    left = (frame["zone"] == "left").to_numpy()
    challenger = np.where(left, np.clip(challenger + spoil, 0.01, 0.99), challenger)
    found = cut(frame, find_conditions(frame, KINDS))
    return found, frame, y, champion, challenger


def test_a_spoilt_slice_is_found_first():
    slices, frame, y, champion, challenger = problem(seed=1, spoil=0.25)
    spots = log_loss_spots(slices, y, champion, challenger)
    top = worst(spots)
    assert top is not None and "zone is left" in top.words
    assert [spot.words for spot in spots if spot.shown and spot.words == "zone is right"] == []
    whole = next(spot for spot in spots if spot.words == "zone is left")
    left = (frame["zone"] == "left").to_numpy()
    for p, figure in ((champion, whole.champion), (challenger, whole.challenger)):
        assert figure == pytest.approx(binary_metrics(y[left], p[left]).log_loss)
    assert whole.share == pytest.approx(left.mean())
    assert summary(spots, "log loss").startswith("Worse in log loss in ")


def test_the_test_is_the_paired_one_corrected():
    slices, frame, y, champion, challenger = problem(spoil=0.1)
    spots = {spot.words: spot for spot in log_loss_spots(slices, y, champion, challenger)}
    plain = []
    for one in slices.slices:
        rows = one.mask(frame)
        loss = [-np.log(np.where(y == 1, p, 1 - p))[rows] for p in (champion, challenger)]
        plain.append(stats.ttest_rel(loss[1], loss[0], alternative="greater").pvalue)
    for one, p_value in zip(slices.slices, benjamini_hochberg(np.array(plain)), strict=True):
        assert spots[one.words].p_value == pytest.approx(p_value, abs=0.01)


def test_models_of_equal_skill_have_few_weak_spots():
    families = 0
    for seed in range(60):
        slices, _, y, champion, challenger = problem(seed, n=800)
        families += worst(log_loss_spots(slices, y, champion, challenger)) is not None
    assert families <= stats.binom.ppf(0.999, 60, 0.05)


def test_calibration_by_slice():
    slices, frame, y, champion, challenger = problem(spoil=0.2)
    spots = calibration_spots(slices, y, champion, challenger)
    top = worst(spots)
    assert top is not None and "zone is left" in top.words
    left = (frame["zone"] == "left").to_numpy()
    whole = next(spot for spot in spots if spot.words == "zone is left")
    assert whole.challenger == pytest.approx((challenger - y)[left].mean())
    assert whole.shown and whole.low > 0
    turned = calibration_spots(slices, y, challenger, champion)
    assert worst(turned) is None
    assert summary(turned, "calibration").startswith("Not shown to be worse in calibration")


def test_no_slices():
    _, frame, y, champion, challenger = problem()
    none = cut(frame, [])
    assert log_loss_spots(none, y, champion, challenger) == []
    assert summary([], "log loss").startswith("No slice is large enough")
