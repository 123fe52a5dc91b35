"""A scoring that dies half way leaves no file under its final name and no row in the log."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.dataset import io
from core.inference_log import InferenceLog, verify

SCORER = Path(__file__).with_name("file_scorer.py")
SPEC = """
target: {column: made, positive: 1}
columns: {distance: numeric}
rows: {drop_missing: all}
"""
ROWS = 250_000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project with a file of five pieces, some rows of which cannot be scored."""
    home = tmp_path / "p"
    home.mkdir()
    (home / "project.yaml").write_text(SPEC)
    distance = np.random.default_rng(0).gamma(4, 3, ROWS)
    distance[::1000] = np.nan
    pd.DataFrame({"distance": distance}).to_parquet(home / "in.parquet")
    return home


def scorer(folder: Path, seconds: float = 0, limit: int = 0) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, SCORER, folder, str(seconds), str(limit)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def logged(folder: Path) -> int:
    return InferenceLog(folder / "inference_log.csv", ["distance"], {"distance": "numeric"}).rows()


def left(folder: Path) -> set[str]:
    """Files under names that somebody would take for results."""
    return {path.name for path in folder.iterdir() if not path.name.startswith(".")} - {
        "project.yaml",
        "in.parquet",
    }


def test_killed_half_way_nothing_is_left_and_the_next_one_is_whole(folder: Path) -> None:
    process = scorer(folder, seconds=0.3)
    assert process.stdout is not None
    assert process.stdout.readline() == f"piece {io.CHUNK_ROWS}\n"
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert left(folder) <= {"inference_log.lock", "unfinished"}
    assert logged(folder) == 0
    out, err = scorer(folder).communicate()
    assert out.endswith("done\n"), err
    assert logged(folder) == len(pd.read_parquet(folder / "out.parquet")) == ROWS * 999 // 1000
    assert len(pd.read_parquet(folder / "out_rejected.parquet")) == ROWS // 1000
    assert not [*folder.glob(".*"), *(folder / "unfinished").iterdir()]
    assert verify(folder / "inference_log.csv") == []


# Too small for the scored file; enough for it, but not for the log's rows.
@pytest.mark.parametrize("limit", [1_000_000, 18_000_000])
def test_a_full_disk_leaves_nothing_and_says_so(folder: Path, limit: int) -> None:
    process = scorer(folder, limit=limit)
    _, err = process.communicate()
    assert process.returncode == 2, err
    assert "out.parquet could not be written" in err or "nothing was logged. Make room" in err
    assert "Traceback" not in err
    assert not {"out.parquet", "out_rejected.parquet"} & left(folder)
    assert not [path for path in folder.iterdir() if path.name.startswith(".out")]
    assert logged(folder) == 0
    out, err = scorer(folder).communicate()
    assert out.endswith("done\n"), err
    assert logged(folder) == ROWS * 999 // 1000
    assert verify(folder / "inference_log.csv") == []
