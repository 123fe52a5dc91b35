"""One MLflow store per workspace: a local SQLite database, or a server by its address."""

from __future__ import annotations

import logging
import os
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeGuard

from core.errors import CourtsideError, TrackingError
from core.files import file_lock
from core.settings import Settings

if TYPE_CHECKING:
    from mlflow import MlflowClient

_LONGEST_REASON = 300
_REACH_IT = "Check MLFLOW_TRACKING_URI and that the store can be reached"
_WRITE_IT = "Make sure that the folder it lies in can be written"
TRY_AGAIN = ", then try again."
_ADDRESS = re.compile(r"host='([^']+)', port=(\d+)")
# SQLAlchemy puts the driver's error in front of the statement that it was given.
_DATABASE = re.compile(r"\((?:\w+\.)+\w*Error\) (.+?)(?: \[SQL: .*)?$")
# What SQLite says, what it means, and what to do.
_SQLITE = {
    "database is locked": (
        "its database is locked; another process does not let go of it.",
        "Wait until that one has ended, or end it",
    ),
    "readonly database": ("its database may only be read.", _WRITE_IT),
    "unable to open database": ("its database cannot be opened for writing.", _WRITE_IT),
}


@contextmanager
def mapped_errors(doing: str) -> Iterator[None]:
    """Turn what MLflow and its database raise into a TrackingError that says what was going on."""
    try:
        yield
    except CourtsideError:
        raise
    except Exception as exc:
        if not _is_theirs(exc):
            raise
        reason, advice = _explained(exc)
        raise TrackingError(f"MLflow could not {doing}: {reason} {advice}{TRY_AGAIN}") from exc


def _explained(exc: Exception) -> tuple[str, str]:
    """What they said, as a sentence, and what to do.

    Of a server that does not answer, where it should be; of a database, its own words alone.
    """
    if _of_the_system(exc):
        file = f" ({exc.filename})" if exc.filename else ""
        return f"{exc.strerror or exc}{file}.", _WRITE_IT
    said = " ".join(str(exc).split())
    if "Max retries exceeded" in said and (where := _ADDRESS.search(said)):
        return f"no answer from {where[1]}:{where[2]}.", _REACH_IT
    if found := _DATABASE.search(said):
        said = found[1]
        for words, known in _SQLITE.items():
            if words in said:
                return known
    said = said if len(said) <= _LONGEST_REASON else f"{said[:_LONGEST_REASON]}…"
    return said if said.endswith((".", "!", "?", "…")) else f"{said}.", _REACH_IT


def _is_theirs(exc: Exception) -> bool:
    home = type(exc).__module__.split(".")[0]
    known = {"mlflow", "sqlalchemy", "sqlite3", "requests", "alembic", "urllib3"}
    return home in known or _of_the_system(exc)


def _of_the_system(exc: Exception) -> TypeGuard[OSError]:
    """Whether a file could not be written or read, as in a store that is a folder."""
    return isinstance(exc, OSError) and type(exc).__module__ == "builtins"


def client(settings: Settings) -> MlflowClient:
    """A client of the workspace's store; makes and migrates a local database on first use."""
    return _client(settings.tracking_uri, settings)


@lru_cache(maxsize=8)
def _client(tracking_uri: str, settings: Settings) -> MlflowClient:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import mlflow
    if tracking_uri.startswith("http"):
        # By default it tries for over four minutes before it says that nobody answers.
        os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "3")
    logging.getLogger("alembic").setLevel(logging.WARNING)
    logging.getLogger("mlflow.store.db.utils").setLevel(logging.WARNING)
    mlflow.set_tracking_uri(tracking_uri)
    mlflow.set_registry_uri(tracking_uri)
    with mapped_errors("open its store"):
        made = mlflow.MlflowClient(tracking_uri=tracking_uri)
        if tracking_uri.startswith("sqlite"):
            (settings.home / "mlruns").mkdir(parents=True, exist_ok=True)
            # Two first users at once would both run the migrations and one would fail.
            with file_lock(settings.home / "mlruns" / "create.lock", timeout_seconds=120):
                made.search_experiments(max_results=1)
    return made


def preload() -> None:
    """Import MLflow now, so that no later question waits for it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import mlflow.sklearn
        import mlflow.tracking  # noqa: F401


def is_new(settings: Settings) -> bool:
    """True if the local database does not exist yet (its making takes seconds)."""
    local = settings.home / "mlruns" / "mlflow.db"
    return settings.tracking_uri.startswith("sqlite") and not local.exists()


def make_for_workers(settings: Settings) -> None:
    """Make the local database where there is none: a worker must find it made.

    Where there is one, MLflow is not imported, which takes seconds.
    """
    if is_new(settings):
        client(settings)


def experiment_id(settings: Settings, project: str, create: bool = True) -> str | None:
    """The experiment of a project, made on first use; None if absent and ``create`` is off."""
    store = client(settings)
    with mapped_errors(f"find the experiment {project!r}"):
        found = store.get_experiment_by_name(project)
        if found is not None:
            if found.lifecycle_stage != "active" and create:
                store.restore_experiment(found.experiment_id)
            return str(found.experiment_id)
        if not create:
            return None
        with file_lock(settings.home / "mlruns" / "create.lock", timeout_seconds=60):
            found = store.get_experiment_by_name(project)
            if found is not None:
                return str(found.experiment_id)
            return str(store.create_experiment(project, **_artifact_location(settings, project)))


def _artifact_location(settings: Settings, project: str) -> dict[str, Any]:
    if not settings.tracking_uri.startswith("sqlite"):
        return {}
    return {"artifact_location": (settings.artifacts_dir / project).as_uri()}
