"""Retraining: which rows it takes, what it writes, and that the preparation stays as it was."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from core.dataset import io
from core.errors import BadInput, NotReady
from core.monitoring.reference import CHOSEN_BY
from core.scoring.log import open_log
from core.services import retraining, retraining_view
from core.tracking import registry, runs
from core.training import renewal, submission
from core.training.inputs import read_model_input

PROJECT = "club"


@pytest.fixture
def prepared(club: Any) -> Any:
    """The club with prepared tables, a champion and a production file."""
    train = club.prepare()
    folder = club.settings.layer(PROJECT, "05_model_input")
    io.write_table(club.test, folder / "base_train.parquet")
    club.train(train)
    io.write_table(club.test.iloc[:200], club.settings.layer(PROJECT, "01_raw") / "june.parquet")
    return club


def log(club: Any, rows: pd.DataFrame, label: np.ndarray, request_id: str | None = None) -> Any:
    return open_log(club.settings, club.spec).append(
        rows[["age", "visits"]],
        probability=np.full(len(rows), 0.5),
        prediction=np.zeros(len(rows), dtype=int),
        label=label,
        source="batch",
        model_version="1",
        request_id=request_id,
    )


def files(club: Any) -> list[Path]:
    """All that is kept; a lock holds nothing."""
    found = club.settings.home.rglob("*")
    return sorted(path for path in found if path.is_file() and path.suffix != ".lock")


def test_sources_are_the_log_and_labelled_files(prepared: Any) -> None:
    found = retraining_view.sources(prepared.settings, PROJECT)
    assert [one.key for one in found] == ["june.parquet"], "nothing is logged yet"
    log(prepared, prepared.test.iloc[:3], np.ones(3))
    found = retraining_view.sources(prepared.settings, PROJECT)
    assert [one.key for one in found] == ["log", "june.parquet"]


def test_a_preview_changes_nothing(prepared: Any) -> None:
    before = files(prepared)
    renewed, recent = retraining.preview(prepared.settings, PROJECT, "june.parquet", 0.5)
    assert (renewed.added_rows, renewed.recent_rows, recent.unlabelled) == (100, 100, 0)
    assert files(prepared) == before


def test_only_the_newest_rows(prepared: Any) -> None:
    renewed, _ = retraining.preview(prepared.settings, PROJECT, "june.parquet", 0.5, 120)
    assert (renewed.added_rows, renewed.recent_rows) == (60, 60)


def test_the_log_gives_labelled_rows_and_a_file_scored_twice_counts_once(prepared: Any) -> None:
    rows, label = prepared.test.iloc[:120], prepared.test["left"].iloc[:120].to_numpy(float)
    for _ in range(2):
        with runs.action(
            prepared.settings, PROJECT, "score", params={"source_sha256": "same"}
        ) as run:
            log(prepared, rows, label, run.run_id)
    log(prepared, rows.iloc[:5], np.full(5, np.nan))
    renewed, recent = retraining.preview(prepared.settings, PROJECT)
    assert renewed.added_rows + renewed.recent_rows == 120
    assert recent.unlabelled == 5


@pytest.mark.parametrize(("share", "learnt"), [(0.5, 120), (0.25, 60)])
def test_a_large_batch_before_a_small_one_does_not_fix_the_share(
    prepared: Any, share: float, learnt: int
) -> None:
    label = prepared.test["left"].to_numpy(float)
    log(prepared, prepared.test.iloc[:220], label[:220])
    log(prepared, prepared.test.iloc[220:240], label[220:240])
    renewed, _ = retraining.preview(prepared.settings, PROJECT, learnt_share=share)
    assert (renewed.added_rows, renewed.recent_rows) == (learnt, 240 - learnt)
    assert renewed.judged_from == f"labelled row {learnt + 1}"


def test_without_labels_it_says_where_they_come_from(prepared: Any) -> None:
    log(prepared, prepared.test.iloc[:5], np.full(5, np.nan))
    with pytest.raises(NotReady, match="bring labels on the drift page"):
        retraining.preview(prepared.settings, PROJECT)


@pytest.mark.parametrize(
    ("source", "last", "said"),
    [("july.parquet", None, "no file 'july.parquet'"), ("june.parquet", 0, "at least 1; found 0")],
)
def test_what_cannot_be_used_is_named(
    prepared: Any, source: str, last: int | None, said: str
) -> None:
    with pytest.raises(BadInput, match=said):
        retraining.preview(prepared.settings, PROJECT, source, last_rows=last)


def test_a_start_leaves_the_preparation_as_it_was(
    prepared: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    plans = []
    monkeypatch.setattr(submission, "submit", lambda settings, plan: plans.append(plan))
    before = read_model_input(prepared.settings, prepared.spec)
    wanted = retraining.plan(prepared.settings, PROJECT, ["lr"])
    retraining.start(prepared.settings, wanted, "june.parquet", 0.5)
    after = read_model_input(prepared.settings, prepared.spec)
    pd.testing.assert_frame_equal(after.test, before.test)
    assert after.preparation == before.preparation
    renewed = read_model_input(prepared.settings, prepared.spec, plans[0].inputs)
    assert (len(renewed.train), len(renewed.test)) == (500, 500)
    run = runs.get(prepared.settings, plans[0].inputs)
    assert (run.tags["action"], run.tags["purpose"]) == ("prepare", "retrain")
    assert run.params["source_sha256"] == before.preparation["source_sha256"]


def test_the_plan_seeks_a_threshold_unless_one_is_chosen(prepared: Any) -> None:
    def threshold(changes: dict[str, Any]) -> str:
        found = retraining.plan(prepared.settings, PROJECT, ["lr"], changes=changes)
        return str(found.options.threshold)

    assert (threshold({}), threshold({"threshold": "f1"})) == ("youden", "f1")


def test_challenger_and_champion_side_by_side(
    prepared: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    plans = []
    monkeypatch.setattr(submission, "submit", lambda settings, plan: plans.append(plan))
    wanted = retraining.plan(prepared.settings, PROJECT, ["lr"])
    retraining.start(prepared.settings, wanted, "june.parquet", 0.5)
    trained = prepared.train(plans[0].inputs, champion=False)
    for report, loss in zip(trained["models"], (0.6, 0.5), strict=True):
        report["cv"] = {CHOSEN_BY: loss}
    run = runs.RunLog(prepared.settings, trained["run_id"])
    found = renewal.judge(prepared.settings, plans[0], run, trained["models"])
    assert found is not None
    chosen = trained["models"][1]["version"]
    assert (found["champion"], found["challenger"]) == ("1", chosen), "the smaller loss is chosen"
    assert registry.find(prepared.settings, PROJECT, "challenger").version == chosen
    assert {part: one[chosen]["rows"] for part, one in found["parts"].items()} == {
        "recent": 100,
        "old": 400,
    }
    assert "the 100 most recent production rows, log loss is worse" in found["verdict"]
    stored = runs.artifact_json(prepared.settings, trained["run_id"], "retraining.json")
    assert stored["verdict"] == found["verdict"]
