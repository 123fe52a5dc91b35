"""Appending to the inference log against rewriting a CSV at every click, as ratios in one run."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.inference_log import InferenceLog

pytestmark = pytest.mark.slow

COLUMNS = ["lat", "lon", "minutes_remaining", "period", "playoffs", "shot_distance"]


def rows(count: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame({name: rng.normal(size=count) for name in COLUMNS})


def fastest(work: Callable[[], object], repeats: int = 5) -> float:
    """Seconds of the fastest of several runs: the one that was disturbed least."""
    times = []
    for _ in range(repeats):
        begun = time.perf_counter()
        work()
        times.append(time.perf_counter() - begun)
    return min(times)


def test_an_append_costs_the_new_row_and_not_the_history(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = []
    for history in (1_000, 100_000):
        log = InferenceLog(tmp_path / f"log-{history}.csv", COLUMNS)
        values = rows(history, 1)
        probability = np.full(history, 0.5)
        log.append(
            values,
            probability=probability,
            prediction=probability > 0.4,
            source="batch",
            model_version="1",
        )
        rewritten = tmp_path / f"rewritten-{history}.csv"
        values.assign(probability=probability).to_csv(rewritten, index=False)
        one = rows(1, 2)

        def append(log: InferenceLog = log, one: pd.DataFrame = one) -> None:
            log.append(
                one,
                probability=np.array([0.5]),
                prediction=np.array([1]),
                source="form",
                model_version="1",
            )

        def rewrite(path: Path = rewritten, one: pd.DataFrame = one) -> None:
            pd.concat([pd.read_csv(path), one]).to_csv(path, index=False)

        ours, theirs = fastest(append), fastest(rewrite)
        lines.append(
            f"{history:>7,} rows of history: append {ours * 1e3:.1f} ms, rewrite "
            f"{theirs * 1e3:.1f} ms, {theirs / ours:.1f} times"
        )
        assert log.rows() == history + 5
    with capsys.disabled():
        print("\n" + "\n".join(lines))
