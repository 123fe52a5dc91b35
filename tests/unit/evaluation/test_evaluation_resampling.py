"""Intervals on resamples that models share: against scipy and the plain loop."""

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import log_loss, roc_auc_score

from core.evaluation.compare import compare_roc_auc, paired_bootstrap, paired_difference
from core.evaluation.metrics import METRICS, binary_metrics
from core.evaluation.resampling import _blocks, bootstrap_intervals, draws, resample_models


def models(n=300, seed=0, digits=3):
    rng = np.random.default_rng(seed)
    signal = rng.normal(size=n)
    y = (rng.random(n) < 1 / (1 + np.exp(-signal))).astype(int)
    blurred = [1 / (1 + np.exp(-signal - rng.normal(0, s, n))) for s in (0.5, 1.5)]
    return y, [p.round(digits) for p in blurred]


@pytest.mark.parametrize("digits", [1, 6])
def test_every_metric_of_every_model_on_every_resample(digits):
    y, ps = models(120, digits=digits)
    found = resample_models(y, ps, [0.4, 0.6], resamples=20, seed=3)
    assert found.metrics == tuple(METRICS)
    for model, (p, threshold) in enumerate(zip(ps, (0.4, 0.6), strict=True)):
        for place, rows in enumerate(draws(120, 20, 3)):
            plain = binary_metrics(y[rows], p[rows], threshold)
            wanted = [getattr(plain, key) for key in found.metrics]
            assert found.drawn[model, :, place] == pytest.approx(wanted, abs=1e-12, nan_ok=True)


def test_blocks_change_nothing(monkeypatch):
    y, ps = models(90)
    whole = resample_models(y, ps, [0.5, 0.5], 25)
    monkeypatch.setattr("core.evaluation.resampling._BLOCK_CELLS", 400)
    parts = resample_models(y, ps, [0.5, 0.5], 25)
    assert parts.drawn == pytest.approx(whole.drawn, abs=1e-12, nan_ok=True)
    assert sum(block.shape[1] for block in _blocks(90, 25, 0)) == 25


@pytest.mark.parametrize(("key", "measure"), [("roc_auc", roc_auc_score), ("log_loss", log_loss)])
def test_the_percentile_interval_is_scipys(key, measure):
    """Other draws, so equal but for the resampling's own noise."""
    y, (p, _) = models(400)
    ours = bootstrap_intervals(y, p, resamples=2_000)[key]
    theirs = stats.bootstrap(
        (y, p),
        measure,
        paired=True,
        vectorized=False,
        n_resamples=1_000,
        method="percentile",
        random_state=1,
    )
    noise = theirs.standard_error / 4
    assert ours.low == pytest.approx(theirs.confidence_interval.low, abs=noise)
    assert ours.high == pytest.approx(theirs.confidence_interval.high, abs=noise)


def test_a_paired_difference_is_scipys():
    y, (a, b) = models(400)
    ours = paired_bootstrap(y, a, b, "log_loss", resamples=2_000)
    theirs = stats.bootstrap(
        (y, a, b),
        lambda y, a, b: log_loss(y, b) - log_loss(y, a),
        paired=True,
        vectorized=False,
        n_resamples=1_000,
        method="percentile",
        random_state=1,
    )
    noise = theirs.standard_error / 4
    assert ours.low == pytest.approx(theirs.confidence_interval.low, abs=noise)
    assert ours.high == pytest.approx(theirs.confidence_interval.high, abs=noise)
    assert ours.standard_error == pytest.approx(theirs.standard_error, rel=0.1)


def test_shared_resamples_give_the_pairs_own_comparison():
    y, ps = models(200)
    together = resample_models(y, [*ps, ps[0] ** 2], [0.5, 0.4, 0.3], 60, seed=9)
    for key in ("roc_auc", "f1", "brier"):
        alone = paired_bootstrap(y, ps[1], ps[0] ** 2, key, 0.4, 0.3, resamples=60, seed=9)
        assert paired_difference(together, 1, 2, key) == alone


def fires(pairs: int, n: int, noise_a: float, noise_b: float) -> int:
    """How often DeLong's interval leaves out 0: two noisy views of one signal."""
    rng = np.random.default_rng(11)
    fired = 0
    for _ in range(pairs):
        y = rng.integers(0, 2, n)
        signal = 0.6 * y + rng.normal(0, 0.8, n)
        views = [stats.norm.cdf(signal + rng.normal(0, s, n)) for s in (noise_a, noise_b)]
        diff = compare_roc_auc(y, *views)
        fired += not diff.low <= 0 <= diff.high
    return fired


def true_auc(noise: float) -> float:
    """Of ``fires``' views: two normals 0.6 apart, each of variance 0.8² + noise²."""
    return float(stats.norm.cdf(0.6 / np.sqrt(2 * (0.8**2 + noise**2))))


def test_equal_skill_is_called_different_in_five_percent():
    low, high = stats.binom.interval(0.99, 500, 0.05)
    assert low <= fires(500, 1_000, 0.6, 0.6) <= high


def test_a_gap_of_five_hundredths_is_found_nine_times_in_ten():
    wanted = true_auc(1.0) + 0.05
    noise = np.sqrt((0.6 / stats.norm.ppf(wanted)) ** 2 / 2 - 0.8**2)
    assert true_auc(noise) == pytest.approx(wanted)
    assert fires(100, 4_000, 1.0, noise) > 90


def test_no_rows_and_one_class():
    none = resample_models(np.array([], int), [np.array([])], [0.5], 10)
    assert none.drawn.shape == (1, len(METRICS), 0)
    assert np.isnan(none.intervals(0)["f1"].value)
    one = resample_models(np.ones(4, int), [np.linspace(0, 1, 4)], [0.5], 10).intervals(0)
    assert np.isnan(one["roc_auc"].low) and one["recall"].value == 0.5
    with pytest.raises(ValueError, match="must be 0 or 1"):
        resample_models(np.array([2]), [np.array([0.5])], [0.5])
