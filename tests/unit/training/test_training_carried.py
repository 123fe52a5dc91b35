"""What a version carries: of a retraining, the production rows that monitoring holds it against."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from core.dataset import spec as specs
from core.evaluation.metrics import binary_metrics
from core.files import read_json
from core.monitoring.reference import MIN_CALIBRATION_ROWS
from core.training import carried
from core.training.evaluation import Holdout
from core.training.inputs import ModelInput

SPEC = specs.from_text("target: {column: y, positive: 1}\ncolumns: {a: numeric}", "p")
OLD_TRAIN, OLD_TEST = 400, 150


def rows(count: int, at: float, seed: int) -> pd.DataFrame:
    generator = np.random.default_rng(seed)
    return pd.DataFrame({"a": generator.normal(at, 1, count), "y": generator.integers(0, 2, count)})


def tables(added: int = 120, recent: int = 110, **more: Any) -> ModelInput:
    """Old rows at 0, production at 9."""
    train = pd.concat([rows(OLD_TRAIN, 0, 1), rows(added, 9, 2)], ignore_index=True)
    test = pd.concat([rows(OLD_TEST, 0, 3), rows(recent, 9, 4)], ignore_index=True)
    manifest = {
        "train_rows": len(train),
        "test_rows": len(test),
        "added_rows": added,
        "old_test_rows": OLD_TEST,
        "recent_since": "2007-01-05",
        "recent_until": "2007-11-06",
    }
    return ModelInput(train, test, manifest | more)


def holdout(data: ModelInput) -> Holdout:
    """Chance on the old rows, the truth on the recent ones."""
    y = data.test["y"].to_numpy()
    p = np.where(np.arange(len(y)) < OLD_TEST, 0.4, 0.1 + 0.8 * y)
    return Holdout(p, binary_metrics(y, p), [], {})


class Run:
    """What is logged to a version's run."""

    def __init__(self) -> None:
        self.files: list[str] = []
        self.logged: dict[str, float] = {}
        self.at: float | None = None

    def file(self, path: Path, folder: str = "") -> None:
        self.files.append(path.name)

    def folder(self, path: Path, name: str) -> None:
        pass

    def metrics(self, values: dict[str, float], prefix: str = "", at: float | None = None) -> None:
        self.logged |= {f"{prefix}{name}": value for name, value in values.items()}
        self.at = at


def written(folder: Path, data: ModelInput) -> Run:
    found = holdout(data)
    carried.write(folder, "lr", SPEC, data, found, found.as_dict(), seed=0)
    run = Run()
    carried.log(run, folder, at=12.5)  # type: ignore[arg-type]
    return run


def test_a_retraining_keeps_its_production_apart(tmp_path: Path) -> None:
    run = written(tmp_path, tables())
    assert "recent_profile.json" in run.files
    assert run.logged["recent_roc_auc"] == 1.0
    assert run.at == 12.5
    profile = read_json(tmp_path / "recent_profile.json")
    assert profile["reference"] == {
        "kind": "production",
        "learnt_rows": 120,
        "judging_rows": 110,
        "older_rows": OLD_TRAIN,
        "since": "2007-01-05",
        "until": "2007-11-06",
    }
    assert (profile["rows"], min(profile["sample"]["a"]) > 4) == (230, True)
    known = [one for one in profile["sample_probability"] if one is not None]
    assert (len(known), set(np.round(known, 2))) == (110, {0.1, 0.9})


def test_what_it_learnt_from_in_all_stays_beside(tmp_path: Path) -> None:
    written(tmp_path, tables())
    profile = read_json(tmp_path / "reference_profile.json")
    assert profile["rows"] == OLD_TRAIN + 120 + OLD_TEST + 110
    assert profile["reference"]["kind"] == "training"
    assert read_json(tmp_path / "evaluation.json")["metrics"]["roc_auc"] < 1.0


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(tables(recent=MIN_CALIBRATION_ROWS - 1), id="too few judge"),
        pytest.param(tables(train_rows=7), id="not the tables that were written down"),
        pytest.param(ModelInput(tables().train, tables().test, {}), id="no retraining"),
    ],
)
def test_otherwise_there_is_one_reference(tmp_path: Path, data: ModelInput) -> None:
    run = written(tmp_path, data)
    assert run.logged == {}
    assert not (tmp_path / "recent_profile.json").exists()
    assert "recent" not in read_json(tmp_path / "evaluation.json")


def test_few_judging_rows_are_just_enough(tmp_path: Path) -> None:
    assert "recent_roc_auc" in written(tmp_path, tables(recent=MIN_CALIBRATION_ROWS)).logged
