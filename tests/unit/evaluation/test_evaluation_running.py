"""Scores added up piece by piece give what all rows at once give."""

from __future__ import annotations

import numpy as np
import pytest

from core.evaluation.curves import calibration_of, calibration_points, roc_of, roc_points
from core.evaluation.metrics import binary_metrics, metrics_of
from core.evaluation.running import EDGES, RunningScores, ScoreCounts


def rows(count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities, some of them alike and some on bounds, and labels that follow them."""
    rng = np.random.default_rng(seed)
    probability = np.where(rng.random(count) < 0.5, rng.random(count), rng.choice(EDGES, count))
    label = (rng.random(count) < probability).astype(float)
    label[rng.random(count) < 0.2] = np.nan
    return probability, label


def added(probability: np.ndarray, label: np.ndarray, **options: int) -> ScoreCounts:
    running = RunningScores([0.37], **options)
    for first in range(0, len(label), 700):
        running.add(probability[first : first + 700], label[first : first + 700])
    return running.counts()


def test_nothing_is_lost_while_the_scores_fit() -> None:
    probability, label = rows(5_000)
    counts, known = added(probability, label), ~np.isnan(label)
    y, p = label[known].astype(int), probability[known]
    assert counts.roc_auc_error == 0
    assert (counts.rows, counts.labelled) == (5_000, known.sum())
    assert counts.above(0.37) == (probability > 0.37).sum()
    found_metrics, exact = metrics_of(counts.tally(), 0.37), binary_metrics(y, p, 0.37)
    assert found_metrics.as_dict() == pytest.approx(exact.as_dict(), rel=1e-14)
    assert found_metrics.confusion == exact.confusion
    assert roc_of(counts.tally()) == roc_points(y, p)
    found, wanted = calibration_of(counts.tally()), calibration_points(y, p)
    assert (found.count, found.edges) == (wanted.count, wanted.edges)
    np.testing.assert_allclose(found.mean_predicted, wanted.mean_predicted, rtol=1e-12)
    np.testing.assert_allclose(found.observed, wanted.observed, rtol=1e-12)
    histogram = counts.histogram()
    for name, part in (("positive", p[y == 1]), ("negative", p[y == 0])):
        assert histogram[name] == np.histogram(part, bins=EDGES)[0].tolist()
    assert sum(histogram["unknown"]) == (~known).sum()


@pytest.mark.parametrize("seed", range(3))
def test_merged_scores_keep_every_count_and_bound_the_error(seed: int) -> None:
    probability, label = rows(60_000, seed)
    counts, known = added(probability, label, most_scores=1_000), ~np.isnan(label)
    y, p = label[known].astype(int), probability[known]
    exact, found = binary_metrics(y, p, 0.37), metrics_of(counts.tally(), 0.37)
    assert len(counts.score) <= 1_000
    assert found.confusion == exact.confusion
    assert 0 < abs(found.roc_auc - exact.roc_auc) <= counts.roc_auc_error < 0.001
    assert found.log_loss == pytest.approx(exact.log_loss, abs=1e-3)
    assert found.brier == pytest.approx(exact.brier, abs=1e-4)
    assert calibration_of(counts.tally()).count == calibration_points(y, p).count
    assert counts.above(0.37) == (probability > 0.37).sum()
    assert counts.histogram()["positive"] == np.histogram(p[y == 1], bins=EDGES)[0].tolist()


def test_no_rows_and_no_labels() -> None:
    empty = RunningScores().counts()
    assert (empty.rows, empty.labelled, empty.above(0.5)) == (0, 0, 0)
    running = RunningScores()
    running.add(np.array([0.2, 0.9]), np.array([np.nan, np.nan]))
    assert (running.counts().labelled, running.counts().rows) == (0, 2)
