"""Kobe's way back: retrained on earlier three-point shots, judged on the later ones."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

pytestmark = pytest.mark.slow


def monitored(succeeded: Callable[..., Any], home: Path, file: Path) -> Any:
    """Score a file with the champion, and judge what it scored alone."""
    scored = succeeded(home, "score", file, "--project", "kobe", "--out", home / "scored.parquet")
    rows = str(scored["rows_scored"])
    found = succeeded(home, "monitor", "--project", "kobe", "--last", rows)
    print(found["level"], found["verdict"], {n: o["psi"] for n, o in found["features"].items()})
    return found


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
    before = monitored(succeeded, tmp_path, production)
    alarmed = {name for name, one in before["features"].items() if one["level"] == "alarm"}
    assert "shot_distance" in alarmed
    assert before["reference"]["kind"] == "training"
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
    # Honest about it: a constant that says yes to all has a better F1.
    assert recent["baseline"]["f1"] == pytest.approx(0.48, abs=0.02)
    print(found["verdict"])

    # What was an alarm is what it was made for; rows that it never saw, since nobody knows their
    # outcome, are no alarm either. The old kind of rows is news now, and is said to be known.
    succeeded(
        tmp_path, "promote", "--project", "kobe", "--version", found["challenger"],
        "--reason", "made for three-point shots",
    )  # fmt: skip
    after = monitored(succeeded, tmp_path, production)
    assert after["reference"]["kind"] == "production"
    assert after["reference"]["judging_rows"] == 2706
    assert "the rows that the model was retrained for" in after["verdict"]
    assert {one["rule"] for one in after["alerts"] if one["level"] == "alarm"} == set()
    table = pd.read_parquet(production)
    unlabelled = tmp_path / "unlabelled.parquet"
    table[table["shot_made_flag"].isna()].to_parquet(unlabelled)
    unseen = succeeded(tmp_path, "monitor", "--project", "kobe", "--file", unlabelled)
    print(unseen["level"], unseen["rows"], unseen["verdict"])
    assert not alarmed & {n for n, one in unseen["features"].items() if one["level"] == "alarm"}
    old = succeeded(
        tmp_path, "monitor", "--project", "kobe", "--file", data / "dataset_kobe_dev.parquet"
    )
    print(old["level"], old["verdict"])
    assert old["level"] == "alarm"
    assert "older rows: if these are of that kind" in old["verdict"]
