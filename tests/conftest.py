"""Fixtures for every room: a workspace with a ready MLflow store, and the reference data."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import hypothesis
import pytest

from core.settings import REPOSITORY, Settings

# The same examples in every CI run: a new one found there would block an innocent change.
hypothesis.settings.register_profile("ci", derandomize=True, deadline=None)
if os.environ.get("CI") == "true":
    hypothesis.settings.load_profile("ci")

# No test may reach a real tracking server.
os.environ.pop("MLFLOW_TRACKING_URI", None)


@pytest.fixture(scope="session")
def tracking_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty MLflow database: making one takes seconds, so it is made once."""
    home = tmp_path_factory.mktemp("template")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COURTSIDE_HOME", str(home))
        settings = Settings.from_env()
        from core.tracking.store import client

        client(settings)
    os.environ.pop("MLFLOW_TRACKING_URI", None)  # MLflow sets it for its own subprocesses
    return home / "mlruns" / "mlflow.db"


@pytest.fixture
def bare_workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings of an empty home; nothing there has been made yet."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.setenv("COURTSIDE_HOME", str(tmp_path / "home"))
    return Settings.from_env()


@pytest.fixture
def workspace(bare_workspace: Settings, tracking_template: Path) -> Iterator[Settings]:
    """Settings of a home of its own whose MLflow store is ready for use."""
    target = bare_workspace.home / "mlruns" / "mlflow.db"
    target.parent.mkdir(parents=True)
    with (
        closing(sqlite3.connect(tracking_template)) as made,
        closing(sqlite3.connect(target)) as new,
    ):
        made.backup(new)
    yield bare_workspace
    os.environ.pop("MLFLOW_TRACKING_URI", None)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder with data/kobe and reference/kobe_expected.json; skips where it is absent."""
    root = Path(os.environ.get("COURTSIDE_SHARED") or REPOSITORY.parent / "shared")
    needed = [
        root / "data" / "kobe" / "dataset_kobe_dev.parquet",
        root / "data" / "kobe" / "dataset_kobe_prod.parquet",
        root / "reference" / "kobe_expected.json",
    ]
    absent = [path for path in needed if not path.is_file()]
    if absent:
        reason = f"the reference data are not here ({absent[0]}); set COURTSIDE_SHARED"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return root
