"""One store per workspace, made once; what MLflow raises comes out as a TrackingError."""

from __future__ import annotations

import errno
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
import requests
from mlflow.exceptions import MlflowException

from core.errors import NotReady, TrackingError
from core.files import is_disk_full
from core.settings import Settings
from core.tracking.store import TRY_AGAIN, client, experiment_id, is_new, mapped_errors


def test_a_workspace_without_a_database_is_new(bare_workspace: Settings) -> None:
    assert is_new(bare_workspace)
    assert not is_new(replace(bare_workspace, tracking_uri="http://mlflow.example"))


def test_a_ready_workspace_is_not_new(workspace: Settings) -> None:
    assert not is_new(workspace)
    assert client(workspace) is client(workspace)


def test_an_experiment_is_made_on_first_use_and_found_again(workspace: Settings) -> None:
    assert experiment_id(workspace, "shop", create=False) is None
    made = experiment_id(workspace, "shop")
    assert made == experiment_id(workspace, "shop") == experiment_id(workspace, "shop", False)
    location = client(workspace).get_experiment(made).artifact_location
    assert location == (workspace.home / "mlruns" / "artifacts" / "shop").as_uri()


def test_first_users_at_once_make_one_experiment(workspace: Settings) -> None:
    with ThreadPoolExecutor(6) as pool:
        found = set(pool.map(lambda _: experiment_id(workspace, "shop"), range(6)))
    assert len(found) == 1


def test_a_deleted_experiment_comes_back(workspace: Settings) -> None:
    made = experiment_id(workspace, "shop")
    client(workspace).delete_experiment(made)
    assert experiment_id(workspace, "shop") == made
    assert client(workspace).get_experiment(made).lifecycle_stage == "active"


def test_nothing_is_written_outside_home(workspace: Settings) -> None:
    experiment_id(workspace, "shop")
    assert {path.name for path in workspace.home.parent.iterdir()} == {"home"}


def test_foreign_errors_are_mapped() -> None:
    said = "MLflow could not list runs: disk full"
    with pytest.raises(TrackingError, match=said) as caught, mapped_errors("list runs"):
        raise sqlite3.OperationalError("disk\nfull")
    assert isinstance(caught.value.__cause__, sqlite3.OperationalError)


def test_a_server_that_does_not_answer_is_named() -> None:
    said = "HTTPConnectionPool(host='127.0.0.1', port=5009): Max retries exceeded with url: /api"
    expected = r"could not list runs: no answer from 127\.0\.0\.1:5009\. Check MLFLOW_TRACKING_URI"
    with pytest.raises(TrackingError, match=expected), mapped_errors("list runs"):
        raise requests.ConnectionError(said)


STATEMENT = "[SQL: INSERT INTO metrics (key, value) VALUES (?, ?)] [parameters: ('a', 1.0)]"


@pytest.mark.parametrize(
    ("said", "explained"),
    [
        ("database is locked", "its database is locked; another process does not let go of it. W"),
        ("attempt to write a readonly database", "its database may only be read. Make sure that"),
        ("unable to open database file", "its database cannot be opened for writing. Make sure"),
        ("no such table: runs", "no such table: runs. Check MLFLOW_TRACKING_URI"),
    ],
)
def test_a_database_is_quoted_without_its_statements(said: str, explained: str) -> None:
    whole = f"(raised as a result of autoflush) (sqlite3.OperationalError) {said}\n{STATEMENT}"
    expected = f"^MLflow could not list runs: {explained}"
    with pytest.raises(TrackingError, match=expected) as caught, mapped_errors("list runs"):
        raise MlflowException(whole)
    assert "SQL" not in str(caught.value)
    assert str(caught.value).endswith(TRY_AGAIN)


def test_a_folder_that_cannot_be_written_is_named() -> None:
    expected = (
        r"store x\.json: Read-only file system \(/mlruns/artifacts\)\. Make sure that the fold"
    )
    with pytest.raises(TrackingError, match=expected) as caught, mapped_errors("store x.json"):
        raise OSError(errno.EROFS, "Read-only file system", "/mlruns/artifacts")
    assert not is_disk_full(caught.value)
    with pytest.raises(TrackingError) as caught, mapped_errors("store x.json"):
        raise OSError(errno.ENOSPC, "No space left on device", "/mlruns/artifacts")
    assert is_disk_full(caught.value)


@pytest.mark.parametrize("error", [NotReady("train first"), KeyError("bug")])
def test_our_own_errors_and_bugs_pass_unchanged(error: Exception) -> None:
    with pytest.raises(type(error)) as caught, mapped_errors("list runs"):
        raise error
    assert caught.value is error
