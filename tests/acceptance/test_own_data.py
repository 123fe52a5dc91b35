"""A project of somebody else's: text categories, gaps, a text target, awkward column names."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

pytestmark = pytest.mark.slow

SPEC = """
title: Loan repayment
target: {column: outcome, positive: repaid, positive_words: repaid, negative_words: defaulted}
columns:
  income (k): {kind: numeric, unit: k, words: yearly income}
  debt: numeric
  region: categorical
  contract: {kind: categorical, words: type of contract}
  homeowner: boolean
derived:
  debt share: debt / (`income (k)` + 1)
identify: loan id
rows: {drop_duplicates: true, drop_missing: [debt]}
split: {test_size: 0.25, seed: 7, stratify: true}
training:
  seed: 7
  folds: 3
  metric: AUC
  models: {lr: {candidates: 3}, dt: {candidates: 3}}
"""
REGIONS = np.array(["Nord", "Süd, Ost", "=West", 'the "Rest"'])


def loans(rows: int, seed: int, shifted: bool = False) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    income = rng.lognormal(3.6 if not shifted else 2.6, 0.5, rows)
    debt = rng.gamma(2.0, 8.0, rows)
    owner = rng.random(rows) < 0.4
    score = 0.06 * income - 0.07 * debt + 0.8 * owner
    repaid = rng.random(rows) < 1 / (1 + np.exp(-score))
    frame = pd.DataFrame(
        {
            "loan id": np.arange(rows),
            "income (k)": np.where(rng.random(rows) < 0.1, np.nan, income),
            "debt": np.where(rng.random(rows) < 0.03, np.nan, debt),
            "region": rng.choice(REGIONS[:3] if not shifted else REGIONS, rows),
            "contract": np.where(rng.random(rows) < 0.1, None, rng.choice(["A", "B"], rows)),
            "homeowner": np.where(owner, "yes", "no"),
            "outcome": np.where(repaid, "repaid", "defaulted"),
        }
    )
    frame.loc[rng.random(rows) < 0.05, "outcome"] = None
    return frame


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, succeeded: Callable[..., Any]) -> Path:
    """A workspace with the project made, prepared and trained."""
    home = tmp_path_factory.mktemp("loans")
    loans(1500, 1).to_csv(home / "dev.csv", index=False)
    loans(800, 2, shifted=True).to_parquet(home / "prod.parquet", index=False)
    (home / "loans.yaml").write_text(SPEC, encoding="utf-8")
    made = succeeded(
        home,
        *("init", "--project", "loans", "--dev", home / "dev.csv"),
        *("--prod", home / "prod.parquet", "--spec", home / "loans.yaml"),
    )
    assert made == {"project": "loans", "dev_rows": 1500, "prod_rows": 800}
    prepared = succeeded(home, "prepare", "--project", "loans")
    assert prepared["rows_prepared"] == prepared["train_rows"] + prepared["test_rows"]
    assert prepared["rows_incomplete"] > 0
    return home


def test_it_trains_scores_and_monitors(home: Path, succeeded: Callable[..., Any]) -> None:
    trained = succeeded(home, "train", "--project", "loans")
    assert {model["algorithm"] for model in trained["models"]} == {"lr", "dt"}
    assert all(model["test"]["roc_auc"] > 0.6 for model in trained["models"])
    out = home / "scored.parquet"
    scored = succeeded(home, "score", home / "prod.parquet", "--project", "loans", "--out", out)
    assert scored["rows_scored"] + scored["rows_rejected"] == 800
    assert 0 < scored["rows_rejected"] < 80
    rejected = pd.read_parquet(home / "scored_rejected.parquet")
    assert set(rejected["reason"]) == {"debt: missing"}
    table = pd.read_parquet(out)
    given = pd.read_parquet(home / "prod.parquet")
    assert list(table.columns[: len(given.columns)]) == list(given.columns)
    assert list(table.columns[len(given.columns) :]) == [
        "prediction",
        "probability",
        "prediction_id",
        "model_version",
    ]
    assert table["loan id"].tolist() == given.loc[given["debt"].notna(), "loan id"].tolist()
    monitored = succeeded(home, "monitor", "--project", "loans")
    features = monitored["features"]
    assert features["income (k)"]["drifted"]
    assert features["income (k)"]["wasserstein"] > 0.3
    assert features["region"]["drifted"]
    assert features["region"]["chi_squared"] > 10
    assert features["region"]["ks"] is None
    assert not features["homeowner"]["drifted"]
    assert monitored["realised"]["labelled_rows"] == scored["rows_labelled"]


def test_late_labels_are_joined_by_prediction_id(
    home: Path, tmp_path: Path, succeeded: Callable[..., Any]
) -> None:
    rows = loans(300, 3).drop(columns="outcome")
    rows.to_csv(tmp_path / "unlabelled.csv", index=False)
    out = tmp_path / "scored.csv"
    scored = succeeded(
        home, "score", tmp_path / "unlabelled.csv", "--project", "loans", "--out", out
    )
    assert scored["metrics"] is None
    table = pd.read_csv(out)
    since = succeeded(home, "monitor", "--project", "loans")["rows"]
    truth = loans(300, 3).set_index("loan id")["outcome"]
    late = table[["prediction_id"]].assign(outcome=table["loan id"].map(truth)).dropna()
    late.to_csv(tmp_path / "labels.csv", index=False)
    monitored = succeeded(
        home, "monitor", "--project", "loans", "--labels", tmp_path / "labels.csv"
    )
    assert monitored["rows"] == since
    assert monitored["labels"]["joined"] == len(late)
    assert monitored["labels"]["unknown"] == 0
