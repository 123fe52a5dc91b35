"""Fixtures for every room: a workspace with a ready MLflow store, and the reference data."""

from __future__ import annotations

import importlib.util
import os
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from core.settings import REPOSITORY, Settings

# The same examples in every CI run: a new one found there would block an innocent change.
hypothesis.settings.register_profile("ci", derandomize=True, deadline=None)
if os.environ.get("CI") == "true":
    hypothesis.settings.load_profile("ci")

# No test may reach a real tracking server.
os.environ.pop("MLFLOW_TRACKING_URI", None)
# PyCaret would write logs.log into the current folder.
os.environ["PYCARET_CUSTOM_LOGGING_PATH"] = os.devnull


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


@pytest.fixture
def club(workspace: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A project that can hold two versions without training them (see tests/trained.py)."""
    from core import jobs
    from core.tracking import models

    project = _helper("trained").make(workspace)

    def loaded(settings: Settings, version: Any) -> Any:
        return project.models[version.version]

    monkeypatch.setattr(models, "load_pipeline", loaded)
    yield project
    folder = workspace.jobs_dir("club")
    for view in jobs.list_jobs(folder):
        if view.is_live:
            jobs.cancel(folder, view.job_id)


def _helper(name: str) -> Any:
    """A module of this folder, which is no package."""
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
        assert spec is not None and spec.loader is not None
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]
