"""A live refresh of the timeline with a long log against counting the log anew, in one run."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from core.dataset import spec as specs
from core.dataset.monitoring_policy import MonitoringPolicy
from core.inference_log import InferenceLog, Position
from core.monitoring import late_labels
from core.monitoring.profile import build_profile
from core.monitoring.score_bins import CalibrationCurves, ScoreBins
from core.monitoring.timeline import Timeline
from core.monitoring.timeline_value import Judge
from core.monitoring.windows import Cut

pytestmark = pytest.mark.bench

COLUMNS = ["a", "b", "c", "d", "e", "f"]
SPEC = "target: {column: y, positive: 1}\ncolumns: {a: numeric, b: numeric, c: numeric, " + (
    "d: numeric, e: numeric, f: numeric}\n"
)
NEW_ROWS = 1000
REFRESHES = 20
PIECE = 500_000


def rows(count: int, seed: int) -> pd.DataFrame:
    generator = np.random.default_rng(seed)
    return pd.DataFrame({name: np.round(generator.normal(size=count), 4) for name in COLUMNS})


def append(log: InferenceLog, count: int, seed: int) -> None:
    probability = np.round(np.random.default_rng(seed).random(count), 6)
    log.append(
        rows(count, seed),
        probability=probability,
        prediction=(probability > 0.5).astype(np.int8),
        source="batch",
        model_version="1",
    )


def opened(folder: Path, log: InferenceLog) -> Timeline:
    reference = rows(20_000, 1)
    probability = np.random.default_rng(1).random(len(reference))
    label = (np.random.default_rng(2).random(len(reference)) < probability).astype(float)
    kinds: Any = dict.fromkeys(COLUMNS, "numeric")
    profile = build_profile(reference, kinds, probability, label)
    bins = ScoreBins.at(0.5)
    judge = Judge(profile, bins, CalibrationCurves.of(profile, bins), {}, MonitoringPolicy())

    def read(position: Any, most: int) -> tuple[pd.DataFrame, dict[str, int]]:
        place = None if position is None else Position.from_json(position)
        found, after = log.read_from(place, most)
        return found, after.as_json()

    spec = specs.from_text(SPEC, "bench")
    return Timeline(folder, Cut("count", 10_000), spec, "1", judge, read)


def test_a_refresh_costs_the_new_rows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    total = int(os.environ.get("COURTSIDE_BENCH_LOG_ROWS", "10_000_000"))
    log = InferenceLog(tmp_path / "inference_log.csv", COLUMNS)
    for place in range(0, total, PIECE):
        append(log, min(PIECE, total - place), seed=place + 10)
    none = late_labels.table(tmp_path / "late_labels.parquet")
    timeline = opened(tmp_path / "timeline", log)
    begun = time.perf_counter()
    assert len(timeline.refresh(none, 0)) == -(-total // 10_000)
    anew = time.perf_counter() - begun
    refreshes = []
    for turn in range(REFRESHES):
        append(log, NEW_ROWS, seed=turn)
        read_before = timeline.rows_read
        begun = time.perf_counter()
        timeline.refresh(none, 0)
        refreshes.append(time.perf_counter() - begun)
        assert timeline.rows_read - read_before == NEW_ROWS
    again = opened(tmp_path / "timeline", log)
    begun = time.perf_counter()
    found = again.refresh(none, 0)
    first_look = time.perf_counter() - begun
    assert (again.rows_read, sum(one.rows for one in found)) == (0, total + REFRESHES * NEW_ROWS)
    refresh = float(np.median(refreshes))
    with capsys.disabled():
        print(
            f"\n{total:,} rows logged, {NEW_ROWS:,} new: refresh {refresh * 1e3:.0f} ms "
            f"(median; slowest {max(refreshes) * 1e3:.0f} ms), "
            f"counting the log anew {anew:.1f} s, {anew / refresh:,.0f} times; a new process's "
            f"first look at the windows kept {first_look * 1e3:.0f} ms"
        )
