"""Reads that pages repeat at every rerun, kept until what they read has changed.

Truth is on disk and in MLflow: each cache is keyed by the times at which its sources were last
written, so that nobody's cache has to be cleared by hand.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from core.services import comparison, holdout, overview, preparation, projects, promotion
from core.services.comparison import Version
from core.services.holdout import Evidence
from core.services.overview import Standing
from core.services.preparation import RawData
from core.settings import Settings

_REMOTE_SECONDS = 5


def known_projects(settings: Settings) -> list[str]:
    return projects.known_projects(settings)


def spec(settings: Settings, project: str) -> Any:
    """The project's specification, read again when its file changes."""
    return _spec(settings, project, _written(settings.spec_file(project)))


@st.cache_data(show_spinner=False, max_entries=50)
def _spec(settings: Settings, project: str, written: int) -> Any:
    return projects.load_spec(settings, project)


def has_data(settings: Settings, project: str) -> bool:
    """Whether the project has a development file."""
    return projects.raw_file(settings, spec(settings, project), "dev").is_file()


def standing(settings: Settings, project: str) -> Standing:
    """Where the project stands."""
    return _standing(settings, project, token(settings, project))


@st.cache_data(show_spinner=False, max_entries=50)
def _standing(settings: Settings, project: str, written: tuple[int, ...]) -> Standing:
    return overview.standing(settings, project)


def versions(settings: Settings, project: str) -> list[Version]:
    """Registered versions, newest first."""
    return _versions(settings, project, token(settings, project))


@st.cache_data(show_spinner=False, max_entries=50)
def _versions(settings: Settings, project: str, written: tuple[int, ...]) -> list[Version]:
    return comparison.versions(settings, project)


def displaced(settings: Settings, project: str) -> str | None:
    """The version that the champion took over from, if it still exists."""
    return _displaced(settings, project, token(settings, project))


@st.cache_data(show_spinner=False, max_entries=50)
def _displaced(settings: Settings, project: str, written: tuple[int, ...]) -> str | None:
    return promotion.previous_champion(settings, project)


def unregistered(settings: Settings, project: str) -> list[Version]:
    """Models of finished runs that are no version, newest first."""
    return _unregistered(settings, project, token(settings, project))


@st.cache_data(show_spinner=False, max_entries=50)
def _unregistered(settings: Settings, project: str, written: tuple[int, ...]) -> list[Version]:
    return comparison.unregistered(settings, project, _versions(settings, project, written))


@st.cache_data(show_spinner=False, max_entries=100)
def evidence(settings: Settings, project: str, version: Version) -> Evidence:
    """Curves and importance of a version; a version's evidence never changes."""
    return holdout.judged_evidence(settings, project, version)


def holdout_token(settings: Settings, project: str) -> int:
    """Changes with the holdout rows."""
    return _written(settings.layer(project, "05_model_input") / "base_test.parquet")


def same_holdout(settings: Settings, project: str, chosen: Sequence[Version]) -> bool:
    """Whether the versions' logged figures are all of the present holdout."""
    numbers = tuple(version.version for version in chosen)
    written = holdout_token(settings, project)
    return _same_holdout(settings, project, numbers, written, chosen)


@st.cache_data(show_spinner=False, max_entries=100)
def _same_holdout(
    settings: Settings, project: str, numbers: tuple[str, ...], written: int, _chosen: Any
) -> bool:
    return comparison.same_holdout(settings, project, _chosen)


def raw_data(settings: Settings, project: str, role: str) -> RawData:
    """A raw file, read once for all sessions until it changes."""
    found = spec(settings, project)
    path = projects.raw_file(settings, found, role)
    return _raw_data(
        settings, project, role, (_written(path), _written(settings.spec_file(project)))
    )


@st.cache_resource(show_spinner=False, max_entries=4)
def _raw_data(settings: Settings, project: str, role: str, written: tuple[int, ...]) -> RawData:
    return preparation.look(settings, projects.load_spec(settings, project), role)


def token(settings: Settings, project: str) -> tuple[int, ...]:
    """Changes whenever something about the project has been written."""
    store = settings.home / "mlruns" / "mlflow.db"
    log = settings.inference_log(project)
    layer = settings.layer(project, "05_model_input")
    files = [
        settings.spec_file(project),
        layer / preparation.MANIFEST,
        log.with_name("inference_log.commit.json"),
        settings.layer(project, "01_raw"),
        store,
        store.with_name("mlflow.db-wal"),
    ]
    remote = not settings.tracking_uri.startswith("sqlite")
    return (*map(_written, files), int(time.time() / _REMOTE_SECONDS) if remote else 0)


def _written(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:
        return 0


@st.cache_resource(show_spinner=False)
def warm_up() -> threading.Thread:
    """Import the heavy libraries beside the first visit, so that no later one waits for them."""
    thread = threading.Thread(target=_import_heavy, daemon=True, name="warm-up")
    thread.start()
    return thread


def _import_heavy() -> None:
    import plotly.graph_objects  # noqa: F401
    from sklearn import metrics, pipeline  # noqa: F401

    from core.services import monitoring, scoring  # noqa: F401

    overview.preload()
