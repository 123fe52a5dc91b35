"""Kobe's way back: retrained on earlier three-point shots, judged on the later ones."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow


def test_the_challenger_beats_the_champion_on_later_shots(
    shared_data: Path, tmp_path: Path, succeeded: Callable[..., Any]
) -> None:
    data = shared_data / "data" / "kobe"
    production = data / "dataset_kobe_prod.parquet"
    succeeded(
        tmp_path,
        "init",
        "--project",
        "kobe",
        "--dev",
        data / "dataset_kobe_dev.parquet",
        "--prod",
        production,
    )
    succeeded(tmp_path, "prepare", "--project", "kobe")
    succeeded(tmp_path, "train", "--project", "kobe", "--models", "lr", "--n-iter", "lr=3")
    found = succeeded(
        tmp_path, "retrain", "--project", "kobe", "--from", production, "--models", "lr,gbc",
        "--n-iter", "lr=3,gbc=1",
    )["retraining"]  # fmt: skip
    assert (found["champion"], found["learnt_until"], found["judged_from"]) == (
        "1",
        "2007-11-04",
        "2007-11-06",
    )
    recent = found["parts"]["recent"][found["challenger"]]
    assert recent["rows"] == 2706
    for metric, better in (("log_loss", -1), ("roc_auc", 1), ("f1", 1)):
        one = recent["differences"][metric]
        assert better * one["difference"] > 0, (metric, one)
        assert one["low"] <= one["difference"] <= one["high"]
    assert recent["differences"]["f1"]["champion_value"] == 0.0
    # Honest about it: a constant that says yes to all has about the same F1.
    assert recent["baseline"]["f1"] == pytest.approx(0.48, abs=0.02)
