"""Every action is a run: opened, written by id, ended, found again."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
import pytest
import requests

from core.errors import BadInput, NotReady, TrackingError
from core.settings import Settings
from core.tracking import runs


def test_an_action_from_start_to_end(workspace: Settings, tmp_path: Path) -> None:
    attached = tmp_path / "rows.csv"
    attached.write_text("a\n1\n")
    with runs.action(
        workspace, "shop", "score", "June", params={"file": "x" * 9000}, tags={"source": "cli"}
    ) as log:
        log.metrics({"auc": 0.7, "none": None, "nan": math.nan}, prefix="prod_")
        log.tags({"verdict": "watch"})
        log.file(attached, "tables")
        log.text("hello", "notes/hello.txt")
        log.json({"a": [1, None]}, "evaluation.json")
        log.figure(go.Figure(), "figures/roc.html")
        assert runs.get(workspace, log.run_id).status == "RUNNING"
    run = runs.get(workspace, log.run_id)
    assert (run.action, run.name, run.status) == ("score", "June", "FINISHED")
    assert run.metrics == {"prod_auc": 0.7}
    assert run.params == {"file": "x" * 5000}
    assert (run.tags["source"], run.tags["verdict"]) == ("cli", "watch")
    assert timedelta(0) <= run.finished_at - run.started_at
    assert abs(datetime.now(UTC) - run.started_at) < timedelta(minutes=5)
    read = {
        name: runs.artifact(workspace, log.run_id, name).read_text()
        for name in ("tables/rows.csv", "notes/hello.txt", "figures/roc.html")
    }
    assert read["tables/rows.csv"] == "a\n1\n"
    assert read["notes/hello.txt"] == "hello"
    assert "plotly" in read["figures/roc.html"]
    assert runs.artifact_json(workspace, log.run_id, "evaluation.json") == {"a": [1, None]}


@pytest.mark.parametrize(
    ("error", "status"),
    [(BadInput("no\nrows"), "FAILED"), (KeyboardInterrupt("no rows"), "KILLED")],
)
def test_a_failed_action_ends_with_its_reason(
    workspace: Settings, error: BaseException, status: str
) -> None:
    with pytest.raises(type(error)), runs.action(workspace, "shop", "prepare"):
        raise error
    (run,) = runs.recent(workspace, "shop")
    assert (run.status, run.tags["error"]) == (status, "no rows")
    assert run.finished_at is not None


class Away:
    """MLflow, gone."""

    def __getattr__(self, name: str) -> Any:
        raise requests.ConnectionError("gone")


def test_what_was_raised_stays_the_error_where_mlflow_is_away(
    workspace: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(BadInput, match="no rows"), runs.action(workspace, "shop", "prepare"):
        monkeypatch.setattr(runs, "client", lambda settings: Away())
        raise BadInput("no rows")


def test_what_is_done_is_said_before_what_was_not_recorded(
    workspace: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = (
        r"^7 rows were logged\. Do not repeat it: only its record .* MLflow could not end the run"
    )
    with (
        pytest.raises(TrackingError, match=said) as caught,
        runs.action(workspace, "shop", "score") as log,
    ):
        log.done = "7 rows were logged."
        monkeypatch.setattr(runs, "client", lambda settings: Away())
    assert "try again" not in str(caught.value)


def test_recent_runs_newest_first_without_children(workspace: Settings) -> None:
    assert runs.recent(workspace, "shop") == []
    parent = runs.start(workspace, "shop", "train")
    for name in ("lr", "dt"):
        runs.start(workspace, "shop", "train", name, parent_run_id=parent.run_id).finish()
    parent.finish()
    runs.start(workspace, "shop", "score").finish()
    runs.start(workspace, "other", "score").finish()
    assert [run.action for run in runs.recent(workspace, "shop")] == ["score", "train"]
    assert [run.run_id for run in runs.recent(workspace, "shop", "train")] == [parent.run_id]
    family = runs.recent(workspace, "shop", "train", with_children=True)
    assert {run.name for run in family} == {"train", "lr", "dt"}
    assert len(runs.recent(workspace, "shop", limit=1)) == 1
    children = runs.search(workspace, "shop", f"tags.`mlflow.parentRunId` = '{parent.run_id}'")
    assert {run.name for run in children} == {"lr", "dt"}


def test_only_a_running_run_is_ended(workspace: Settings) -> None:
    log = runs.start(workspace, "shop", "train")
    runs.end_if_running(workspace, log.run_id, "KILLED")
    runs.end_if_running(workspace, log.run_id, "FAILED")
    assert runs.get(workspace, log.run_id).status == "KILLED"


def test_threads_write_into_their_own_runs(workspace: Settings) -> None:
    def work(number: int) -> tuple[str, int]:
        with runs.action(workspace, "shop", "score", params={"n": number}) as log:
            log.metrics({"n": number})
        return log.run_id, number

    with ThreadPoolExecutor(4) as pool:
        for run_id, number in pool.map(work, range(8)):
            run = runs.get(workspace, run_id)
            assert (run.params["n"], run.metrics["n"]) == (str(number), number)


def test_what_is_absent(workspace: Settings) -> None:
    with pytest.raises(TrackingError, match="could not find the run"):
        runs.get(workspace, "0" * 32)
    log = runs.start(workspace, "shop", "score")
    with pytest.raises(NotReady, match=r"holds no evaluation\.json"):
        runs.artifact(workspace, log.run_id, "evaluation.json")
    with pytest.raises(TrackingError, match="could not list runs"):
        runs.search(workspace, "shop", "nonsense ===")


def test_json_artifacts_have_no_nan(workspace: Settings) -> None:
    log = runs.start(workspace, "shop", "score")
    with pytest.raises(ValueError, match="JSON"):
        log.json({"a": math.nan}, "a.json")


def test_names_of_any_column_can_be_logged(workspace: Settings) -> None:
    with runs.action(workspace, "names", "monitor") as log:
        log.metrics({"income (k)": 1.0, "income [k]": 2.0}, prefix="psi_")
        log.params({"größe <m>": 3, "plain": 4})
    run = runs.get(workspace, log.run_id)
    assert sorted(run.metrics.values()) == [1.0, 2.0]
    assert run.params["plain"] == "4"
    assert sorted(run.params.values()) == ["3", "4"]


def test_a_run_that_is_no_more_needs_no_ending(workspace: Settings) -> None:
    log = runs.start(workspace, "ends", "train")
    runs.end_if_running(workspace, log.run_id, "FAILED")
    runs.end_if_running(workspace, log.run_id, "KILLED")
    assert runs.get(workspace, log.run_id).status == "FAILED"
    runs.end_if_running(workspace, "0" * 32, "FAILED")
