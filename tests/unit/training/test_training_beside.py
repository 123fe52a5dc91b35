"""What the processes that fit do while this one loads or publishes."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.evaluation.curves import calibration_points, pr_points, roc_points
from core.files import write_json
from core.training import beside


def evaluation() -> dict[str, Any]:
    y = np.arange(60) % 2
    probability = (np.arange(60) * 7 % 60 + 10 * y) / 70
    return {
        "roc": roc_points(y, probability).as_dict(),
        "precision_recall": pr_points(y, probability).as_dict(),
        "calibration": calibration_points(y, probability).as_dict(),
        "confusion": {
            "true_negatives": 5,
            "false_positives": 3,
            "false_negatives": 2,
            "true_positives": 6,
        },
        "importance": [{"feature": "age", "mean": 0.1, "std": 0.01}],
    }


def leave(path: Path, seconds: float) -> None:
    time.sleep(seconds)
    path.write_text(str(os.getpid()))


def fail() -> None:
    raise OSError("no room")


@pytest.mark.parametrize("workers", [1, 2])
def test_all_calls_are_done_once_they_are_waited_for(tmp_path: Path, workers: int) -> None:
    paths = [tmp_path / str(number) for number in range(3)]
    with beside.working(workers, [(leave, (path, 0.2)) for path in paths]) as wait:
        wait()
    pids = {path.read_text() for path in paths}
    assert (str(os.getpid()) in pids) == (workers == 1)


def test_the_caller_goes_on_meanwhile(tmp_path: Path) -> None:
    go = tmp_path / "go"
    with beside.working(2, [(_wait_for, (go,))]) as wait:
        go.touch()  # never reached if the caller had waited
        wait()


def _wait_for(path: Path) -> None:
    until = time.monotonic() + 60
    while not path.exists():
        assert time.monotonic() < until
        time.sleep(0.01)


@pytest.mark.parametrize("workers", [1, 2])
def test_what_fails_there_is_raised_here(workers: int) -> None:
    with pytest.raises(OSError, match="no room"), beside.working(workers, [(fail, ())]) as wait:
        wait()


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_of_the_block_is_the_one_that_is_told(tmp_path: Path, workers: int) -> None:
    never = tmp_path / "never"
    waiting = beside.working(workers, [(_wait_for, (never,))])
    with pytest.raises(ValueError, match="of the block"), waiting:
        raise ValueError("of the block")


def test_what_gets_ready_can_be_imported(tmp_path: Path) -> None:
    beside.get_ready(tmp_path / "turn.lock")
    assert set(beside._NEEDED) <= set(sys.modules)


def test_figures_are_drawn_from_what_is_kept(tmp_path: Path) -> None:
    write_json(tmp_path / "evaluation.json", {**evaluation(), "learning": None})
    beside.draw(tmp_path, "Logistic Regression")
    drawn = sorted(path.name for path in (tmp_path / "figures").iterdir())
    names = ("calibration", "confusion", "importance", "learning_curve", "precision_recall", "roc")
    assert drawn == [f"{name}.{suffix}" for name in names for suffix in ("html", "png")]
    assert all(path.stat().st_size > 5000 for path in (tmp_path / "figures").iterdir())
