"""Ten versions compared against the ways one would do it by hand, as ratios in the same run.

The bootstrap against scikit-learn's metrics called once a resample; the registry against asking
MLflow for each version's run; the page's whole computation in seconds, for orientation.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import f1_score, log_loss, roc_auc_score

from core.evaluation.resampling import resample_models
from core.evaluation.sides import side_by_side
from core.settings import Settings
from core.tracking import registry, runs

pytestmark = pytest.mark.bench

ROWS, MODELS, RESAMPLES = 4_000, 10, 1_000
VERSIONS = 100


def seconds(work: Callable[[], Any], tries: int = 3) -> float:
    """The fastest of a few tries: what is left when nobody disturbs."""
    found = []
    for _ in range(tries):
        begun = time.perf_counter()
        work()
        found.append(time.perf_counter() - begun)
    return min(found)


@pytest.fixture(scope="module")
def scored() -> tuple[np.ndarray, list[np.ndarray]]:
    rng = np.random.default_rng(0)
    signal = rng.normal(size=ROWS)
    y = (rng.random(ROWS) < 1 / (1 + np.exp(-signal))).astype(int)
    blurred = [signal + rng.normal(0, 0.2 + 0.1 * k, ROWS) for k in range(MODELS)]
    return y, [1 / (1 + np.exp(-one)) for one in blurred]


def test_resamples_against_scikit_learn_once_a_resample(
    scored: tuple[np.ndarray, list[np.ndarray]],
) -> None:
    y, probabilities = scored
    thresholds = [0.5] * MODELS
    ours = seconds(lambda: resample_models(y, probabilities, thresholds, RESAMPLES))
    few = 10

    def by_hand() -> None:
        rng = np.random.default_rng(0)
        for _ in range(few):
            rows = rng.integers(0, ROWS, ROWS)
            for p in probabilities:
                roc_auc_score(y[rows], p[rows])
                log_loss(y[rows], p[rows])
                f1_score(y[rows], p[rows] > 0.5)

    theirs = seconds(by_hand, 1) * RESAMPLES / few
    print(
        f"\n{MODELS} models, {ROWS:,} rows, {RESAMPLES:,} resamples: nine metrics in {ours:.2f} s, "
        f"scikit-learn's three once a resample {theirs:.1f} s, ratio {theirs / ours:.0f}"
    )
    assert theirs > 5 * ours


def test_all_that_the_page_shows(scored: tuple[np.ndarray, list[np.ndarray]]) -> None:
    y, probabilities = scored
    whole = seconds(lambda: side_by_side(y, probabilities, [0.5] * MODELS, champion=0))
    bootstrap = seconds(lambda: resample_models(y, probabilities, [0.5] * MODELS, RESAMPLES))
    print(f"\nintervals, curves, calibration, decisions and verdicts of {MODELS}: {whole:.2f} s")
    assert whole < 3 * bootstrap, "the resamples are most of the work"


def test_the_registry_is_asked_once(workspace: Settings) -> None:
    for number in range(VERSIONS):
        with runs.action(workspace, "shop", "train", params={"C": number}) as log:
            log.metrics({"test_roc_auc": 0.6})
        tags = {"algorithm": "lr", "title": "LR"}
        registry.register(workspace, "shop", f"runs:/{log.run_id}/model", log.run_id, tags)
    listed = registry.versions(workspace, "shop")
    assert len(listed) == VERSIONS
    once = seconds(lambda: registry.versions(workspace, "shop"))
    each = seconds(lambda: [runs.get(workspace, v.run_id) for v in listed], 1)
    print(f"\n{VERSIONS} versions: {once:.2f} s, a question each {each:.2f} s, {each / once:.1f}×")
    assert each > once
