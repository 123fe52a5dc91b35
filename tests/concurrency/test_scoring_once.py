"""Whenever a scoring is killed: asked for again, its rows are logged once and lie in its file."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from core.dataset import spec as specs
from core.files import write_text
from core.inference_log import verify
from core.scoring.log import open_log
from core.settings import Settings
from core.tracking import runs

SCRIPT = Path(__file__).with_name("scoring_steps.py")
PROJECT = "shop"
SPEC = """
title: Shop
target: {column: bought, positive: 1}
columns: {price: numeric}
identify: order_id
rows: {drop_missing: all}
"""
LOGGED = 117  # of the 120 rows of a file
KILLED = -9


@pytest.fixture
def home(workspace: Settings) -> Settings:
    write_text(workspace.spec_file(PROJECT), SPEC)
    return workspace


def attempts(home: Settings, way: str, moments: str) -> tuple[list[str], list[dict[str, Any]]]:
    """The steps of a scoring; what came of a file for each moment, killed then and asked again."""
    done = subprocess.run(
        [sys.executable, SCRIPT, home.home, way, moments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "COURTSIDE_HOME": str(home.home)},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    first, *found = (json.loads(line) for line in done.stdout.splitlines())
    assert all(one["again"] == 0 for one in found), done.stderr[-3000:]
    return first["steps"], found


def whole(home: Settings, done: list[dict[str, Any]]) -> None:
    """Each file's rows are logged once and lie, with the same ids, in the file that was told."""
    log = open_log(home, specs.load(home.spec_file(PROJECT)))
    assert verify(log.path) == []
    logged = log.read_window()
    by_request = logged.groupby("request_id")["prediction_id"].agg(list)
    results = {one["result"]["summary"]["run_id"]: one["result"] for one in done}
    assert len(by_request) == len(results) + 2, "every file once, and two that nobody killed"
    folder = home.layer(PROJECT, "07_model_output")
    for request_id, result in results.items():
        assert len(by_request[request_id]) == LOGGED
        scored = pd.read_parquet(result["output"])
        assert scored["prediction_id"].tolist() == by_request[request_id]
        assert len(pd.read_parquet(result["rejected"])) == 120 - LOGGED
        ids = pd.read_parquet(folder / "row_ids" / f"{request_id}.parquet")
        assert ids["prediction_id"].tolist() == by_request[request_id]
        run = runs.get(home, request_id)
        assert (run.status, run.metrics["rows_scored"]) == ("FINISHED", LOGGED)
    assert len(list(folder.glob("scored_*"))) == 2 * len(by_request), "with the rejected rows"
    assert not list(folder.rglob(".*parquet"))


def shown(done: list[dict[str, Any]]) -> list[bool]:
    """Whether somebody was told that nothing was logged again."""
    return ["nothing was logged again" in one["result"]["summary"].get("note", "") for one in done]


@pytest.mark.slow
def test_killed_at_any_step_and_asked_for_again(home: Settings) -> None:
    steps, done = attempts(home, "page", "all")
    assert {"write", "_write_all", "save_commit", "_move", "json", "finish", "leave"} <= set(steps)
    assert [one["code"] for one in done] == [KILLED] * len(steps)
    whole(home, done)
    committed = steps.index("add_checkpoints")
    assert shown(done) == [number >= committed for number in range(len(steps))]


@pytest.mark.slow
def test_a_job_that_is_killed_before_its_result_is_kept_logs_nothing_again(home: Settings) -> None:
    steps, done = attempts(home, "job", "end")
    assert steps[-3:] == ["leave", "write", "told"]
    assert [one["code"] for one in done] == [KILLED] * 4
    whole(home, done)
    assert all(shown(done))


@pytest.mark.slow
def test_killed_at_any_moment_and_asked_for_again(home: Settings) -> None:
    moments = random.Random(0)
    times = ",".join(f"{moments.uniform(0, 1):.3f}x" for _ in range(12))
    _, done = attempts(home, "job", times)
    whole(home, done)
    codes = [one["code"] for one in done]
    assert codes.count(KILLED) >= 3, codes
