"""Drift of a million rows beside Evidently and NannyML, and CBPE beside NannyML's, in one run.

Each peer lives in an environment of its own under the temp directory, made the first time and
kept; where it cannot be installed its measurement is skipped with the reason. Imports are not
counted. The peers have both frames in memory before the clock starts, and NannyML its thresholds.
Courtside is measured twice: on the same terms, and as a first look whose clock also runs while the
rows are read from their file in pieces and the alert thresholds are drawn.

``COURTSIDE_BENCH_ROWS`` (1,000,000) says how many rows either side has.

What differs: Evidently and NannyML bin by their own rules (so their figures are not ours to the
last digit; ours are tested against SciPy in the unit tests) and know one method a column unless
told otherwise. NannyML's CBPE calibrates only where calibration helps on its own trial split; ours
always does, by the same isotonic regression on the same rows. Where it calibrates, the two agree.
Where scores are well calibrated as they come, NannyML leaves them and we do not, which costs the
noise of an isotonic fit: our interval allows for it and holds NannyML's figure.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from core.monitoring.estimate import estimate_performance
from core.monitoring.profile import build_profile

pytestmark = pytest.mark.bench

ROWS = int(os.environ.get("COURTSIDE_BENCH_ROWS", "1_000_000"))
REPEATS = 3
CONTENDERS = Path(__file__).with_name("monitoring_contenders.py")
ROOT = Path(__file__).parents[2]
CACHE = Path(tempfile.gettempdir()) / "courtside-bench-peers"
# Neither peer says in its metadata which later libraries it no longer runs with.
LIBRARIES = [
    "numpy==1.26.4",
    "pandas==2.1.4",
    "scipy==1.11.4",
    "scikit-learn==1.4.2",
    "pyarrow==16.1.0",
]
PEERS = {
    "evidently": ["evidently==0.7.23", *LIBRARIES],
    "nannyml": ["nannyml==0.13.1", "statsmodels==0.14.2", *LIBRARIES],
}
INSTALL_SECONDS = 900
KINDS: Any = {
    "minutes_remaining": "numeric",
    "period": "numeric",
    "playoffs": "boolean",
    "shot_distance": "numeric",
    "lat": "numeric",
    "lon": "numeric",
}
CHUNK_ROWS, CHUNKS = 5000, 4
THRESHOLD = 0.5


def shots(rows: int, seed: int, further: float = 0.0) -> pd.DataFrame:
    """Shots as in the reference case, ``further`` feet from the basket."""
    random = np.random.default_rng(seed)
    feet = np.clip(np.abs(random.normal(11 + further, 7, rows)), 0, 60)
    angle = random.uniform(0, np.pi, rows)
    return pd.DataFrame(
        {
            "minutes_remaining": random.integers(0, 12, rows),
            "period": random.integers(1, 5, rows),
            "playoffs": random.random(rows) < 0.15,
            "shot_distance": feet.astype(int),
            "lat": np.round(34.0443 - feet * np.sin(angle) / 100, 4),
            "lon": np.round(-118.2698 + feet * np.cos(angle) / 100, 4),
        }
    )


def python_of(peer: str) -> Path:
    """The interpreter of the peer's environment; skips, saying why, where there can be none."""
    folder = CACHE / f"{peer}-{sys.version_info.major}.{sys.version_info.minor}"
    python, wanted = folder / "bin" / "python", "\n".join(PEERS[peer])
    ready = folder / "installed.txt"
    if ready.exists() and ready.read_text() == wanted:
        return python
    try:
        venv.create(folder, clear=True, with_pip=True)
        subprocess.run(
            [python, "-m", "pip", "install", "--quiet", *PEERS[peer]],
            check=True,
            capture_output=True,
            text=True,
            timeout=INSTALL_SECONDS,
        )
    except (subprocess.SubprocessError, OSError) as exc:
        told = (getattr(exc, "stderr", "") or str(exc)).strip().splitlines()
        pytest.skip(f"{peer} cannot be installed here: {told[-1]}")
    ready.write_text(wanted)
    return python


def measured(python: Path | str, way: str, folder: Path) -> dict[str, Any]:
    done = subprocess.run(
        [python, CONTENDERS, way, folder],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT) if way.startswith("courtside") else ""},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def best(python: Path | str, way: str, folder: Path) -> dict[str, Any]:
    return min(
        (measured(python, way, folder) for _ in range(REPEATS)), key=lambda run: run["seconds"]
    )


@pytest.fixture(scope="module")
def two_frames(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Training's million rows, their profile and a million new ones."""
    folder = tmp_path_factory.mktemp("frames")
    reference = shots(ROWS, 1)
    reference.to_parquet(folder / "reference.parquet", index=False)
    shots(ROWS, 2, further=1.0).to_parquet(folder / "new.parquet", index=False)
    (folder / "profile.json").write_text(json.dumps(build_profile(reference, KINDS).to_dict()))
    return folder


@pytest.fixture(scope="module")
def ours(two_frames: Path) -> dict[str, dict[str, Any]]:
    ways = ("courtside", "courtside_ready")
    return {way: best(sys.executable, way, two_frames) for way in ways}


@pytest.mark.parametrize(
    ("peer", "way"),
    [("evidently", "evidently"), ("nannyml", "nannyml"), ("nannyml", "nannyml_all")],
)
def test_drift_of_a_million_rows(
    two_frames: Path,
    ours: dict[str, dict[str, Any]],
    peer: str,
    way: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    theirs = best(python_of(peer), way, two_frames)
    words = {
        "evidently": "Evidently's data-drift preset",
        "nannyml": "NannyML, Jensen-Shannon only, after its fit",
        "nannyml_all": "NannyML, JS, KS, Wasserstein, chi², after its fit",
    }
    first, ready = ours["courtside"], ours["courtside_ready"]
    rows = [
        ("Courtside, all statistics, on the same terms", ready),
        ("Courtside, a first look, reading the file", first),
        (words[way], theirs),
    ]
    lines = [
        f"{name:>50}: {run['seconds']:6.2f} s, peak {run['peak_megabytes']:5,.0f} MB, theirs "
        f"takes {theirs['seconds'] / run['seconds']:5.1f} times as long"
        for name, run in rows
    ]
    with capsys.disabled():
        print(f"\n{ROWS:,} rows × {len(KINDS)} features:\n" + "\n".join(lines))
    assert set(ready["found"]) == set(KINDS)
    assert first["found"] == ready["found"]


@pytest.mark.parametrize("case", ["overconfident scores", "calibrated scores"])
def test_cbpe_beside_nannymls(
    tmp_path: Path, case: str, capsys: pytest.CaptureFixture[str]
) -> None:
    reference, chunks = scored(CHUNK_ROWS, 1, case), scored(CHUNK_ROWS * CHUNKS, 2, case)
    reference.to_parquet(tmp_path / "scored_reference.parquet", index=False)
    chunks.drop(columns="label").to_parquet(tmp_path / "scored_chunks.parquet", index=False)
    (tmp_path / "chunk_rows.json").write_text(str(CHUNK_ROWS))
    theirs = measured(python_of("nannyml"), "nannyml_cbpe", tmp_path)["found"]
    columns = list(KINDS)
    profile = build_profile(reference[columns], KINDS, reference["probability"], reference["label"])
    lines, largest = [], 0.0
    for turn in range(CHUNKS):
        chunk = chunks.iloc[turn * CHUNK_ROWS : (turn + 1) * CHUNK_ROWS]
        found = estimate_performance(profile, chunk[columns], chunk["probability"], THRESHOLD)
        assert found.status == "estimated", found.reason
        for name in ("roc_auc", "f1", "accuracy", "precision", "recall"):
            here, there = found.metrics[name], theirs[name][turn]
            largest = max(largest, abs(here.value - there))
            assert here.low <= there <= here.high, f"{name} of chunk {turn + 1}"
            lines.append(
                f"{turn + 1:>7} {name:>10}: ours {here.value:.4f} ({here.low:.3f} to "
                f"{here.high:.3f}), NannyML {there:.4f}, difference {here.value - there:+.4f}"
            )
    how = "calibrated" if theirs["calibrated"] else "left as they were"
    with capsys.disabled():
        print(f"\nCBPE, {case} ({how} by NannyML), chunks of {CHUNK_ROWS:,}:\n" + "\n".join(lines))
        print(f"largest difference {largest:.4f}")
    if theirs["calibrated"]:
        assert largest < 1e-3


def scored(rows: int, seed: int, case: str) -> pd.DataFrame:
    """Shots with labels and a model's probabilities, which exaggerate or are right."""
    frame = shots(rows, seed)
    random = np.random.default_rng(seed + 100)
    log_odds = 0.15 * (11 - frame["shot_distance"].to_numpy()) + random.normal(0, 0.3, rows)
    exaggeration = 2.5 if case == "overconfident scores" else 1.0
    probability = 1 / (1 + np.exp(-exaggeration * log_odds))
    label = (random.random(rows) < 1 / (1 + np.exp(-log_odds))).astype(int)
    return frame.assign(
        probability=probability,
        prediction=(probability > THRESHOLD).astype(int),
        label=label,
    )
