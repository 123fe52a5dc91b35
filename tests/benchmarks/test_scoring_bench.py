"""Scoring a file end to end against PyCaret, MLflow and the floor, as ratios in one run.

``COURTSIDE_BENCH_ROWS`` (1,000,000) says how many rows; ``COURTSIDE_BENCH_LARGE_ROWS`` (unset; try
20,000,000) adds a file that does not fit in memory, made in row groups and removed afterwards.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.dataset import io, shipped_code
from core.dataset import spec as specs
from core.services import preparation, projects
from core.settings import Settings

pytestmark = pytest.mark.bench

PROJECT = "sample"
ROWS = int(os.environ.get("COURTSIDE_BENCH_ROWS", "1_000_000"))
LARGE_ROWS = int(os.environ.get("COURTSIDE_BENCH_LARGE_ROWS", "0"))
REPEATS = int(os.environ.get("COURTSIDE_BENCH_REPEATS", "3"))
CONTENDERS = Path(__file__).with_name("scoring_contenders.py")


@pytest.fixture
def project(workspace: Settings) -> Settings:
    """The sample with a registered logistic regression, made without a training."""
    from sklearn.linear_model import LogisticRegression

    from core.monitoring.profile import build_profile
    from core.tracking import models, registry, runs
    from core.training.pipeline import assemble, feature_steps

    projects.init_sample(workspace)
    preparation.run(workspace, PROJECT)
    spec = specs.load(workspace.spec_file(PROJECT))
    train = io.read_table(workspace.layer(PROJECT, "05_model_input") / "base_train.parquet")
    raw, labels = train[list(spec.raw_columns)], train[spec.target.column].to_numpy()
    steps = feature_steps(spec)
    estimator = LogisticRegression(max_iter=1000).fit(steps.fit_transform(raw), labels)
    pipeline = assemble(steps, estimator)
    run = runs.start(workspace, PROJECT, "train", name="lr")
    logged = models.log_model(
        workspace,
        run.run_id,
        pipeline,
        raw.head(3),
        shipped_code.FILES,
        shipped_code.TRUSTED_TYPES,
    )
    probability = pipeline.predict_proba(raw)[:, 1]
    profile = build_profile(raw, dict(spec.kinds), probability, labels, units=spec.units)
    run.json(profile.to_dict(), "reference_profile.json")
    run.finish()
    tags = {"algorithm": "lr", "title": "Logistic Regression", "threshold": "0.5"}
    version = registry.register(
        workspace, PROJECT, logged.uri, run.run_id, {**tags, "model_sha256": logged.sha256}
    )
    registry.set_alias(workspace, PROJECT, "champion", version)
    return workspace


def many_rows(project: Settings, target: Path, rows: int) -> Path:
    """Production rows drawn again and again, moved a little, in row groups of 100,000."""
    spec = specs.load(project.spec_file(PROJECT))
    shots = pq.read_table(project.layer(PROJECT, "01_raw") / spec.prod_file)
    shots = shots.replace_schema_metadata(None)
    rng = np.random.default_rng(0)
    with pq.ParquetWriter(target, shots.schema) as writer:
        for first in range(0, rows, 100_000):
            count = min(100_000, rows - first)
            piece = shots.take(pa.array(rng.integers(0, len(shots), count)))
            moved = {"shot_id": np.arange(first, first + count)}
            for name in ("lat", "lon"):
                moved[name] = np.round(piece[name].to_numpy() + rng.normal(0, 0.002, count), 4)
            for name, values in moved.items():
                place = shots.schema.get_field_index(name)
                kind = shots.schema.field(name).type
                piece = piece.set_column(place, name, pa.array(values).cast(kind))
            writer.write_table(piece)
    return target


def measured(project: Settings, way: str, file: Path, few: Path) -> dict[str, float]:
    """Seconds and peak memory of one way in a process of its own."""
    done = subprocess.run(
        [sys.executable, CONTENDERS, way, project.home, file, few],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "COURTSIDE_HOME": str(project.home)},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


def mlflow_predict(project: Settings, file: Path, folder: Path) -> float:
    """Seconds of ``mlflow models predict`` from a CSV, the start of its process included."""
    from core.tracking import registry

    spec = specs.load(project.spec_file(PROJECT))
    source, target = folder / "in.csv", folder / "out.json"
    pq.read_table(file, columns=list(spec.raw_columns)).to_pandas().to_csv(source, index=False)
    uri = registry.find(project, PROJECT).source
    begun = time.perf_counter()
    command = f"{Path(sys.executable).with_name('mlflow')} models predict -m {uri} -t csv"
    subprocess.run(
        [*command.split(), "-i", source, "-o", target, "--env-manager", "local"],
        env={**os.environ, "MLFLOW_TRACKING_URI": project.tracking_uri},
        capture_output=True,
        check=True,
    )
    return time.perf_counter() - begun


def test_scoring_a_file_against_the_floor_and_the_others(
    project: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = many_rows(project, tmp_path / "many.parquet", ROWS)
    few = many_rows(project, tmp_path / "few.parquet", 5_000)
    # In turns, and the best of each: whatever else the machine does hits all of them alike.
    runs = [
        {w: measured(project, w, file, few) for w in ("floor", "courtside")} for _ in range(REPEATS)
    ]
    best = {w: min((run[w] for run in runs), key=lambda m: m["seconds"]) for w in runs[0]}
    best["pycaret"] = measured(project, "pycaret", file, few)
    base = best["floor"]
    lines = [
        f"{way:>22}: {ROWS / m['seconds']:>10,.0f} rows/s, {m['seconds'] / base['seconds']:5.2f} × "
        f"the floor (CPU {m['cpu_seconds'] / base['cpu_seconds']:5.2f} ×), "
        f"peak {m['peak_megabytes']:,.0f} MB"
        for way, m in best.items()
    ]
    seconds = mlflow_predict(project, file, tmp_path)
    lines.append(
        f"{'mlflow models predict':>22}: {ROWS / seconds:>10,.0f} rows/s, "
        f"{seconds / base['seconds']:5.2f} × the floor"
    )
    with capsys.disabled():
        print(f"\n{ROWS:,} rows, everything written and logged:\n" + "\n".join(lines))


@pytest.mark.skipif(not LARGE_ROWS, reason="set COURTSIDE_BENCH_LARGE_ROWS, e.g. 20000000")
def test_a_file_that_does_not_fit_in_memory(
    project: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    few = many_rows(project, tmp_path / "few.parquet", 5_000)
    file = many_rows(project, tmp_path / "many.parquet", ROWS)
    large = many_rows(project, tmp_path / "large.parquet", LARGE_ROWS)
    try:
        one, many = (measured(project, "courtside", path, few) for path in (file, large))
    finally:
        large.unlink()
        for written in project.layer(PROJECT, "07_model_output").glob("inference_log*.csv"):
            written.unlink()
    with capsys.disabled():
        print(
            f"\n{LARGE_ROWS:,} rows: {LARGE_ROWS / many['seconds']:,.0f} rows/s, "
            f"{(LARGE_ROWS / many['seconds']) / (ROWS / one['seconds']):.2f} × those of "
            f"{ROWS:,} rows; peak {many['peak_megabytes']:,.0f} MB "
            f"(with {ROWS:,} rows {one['peak_megabytes']:,.0f} MB)"
        )
