"""Every action is a run, tagged with what it was; written by run id, never by an active run."""

from __future__ import annotations

import json
import math
import re
import tempfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from core import charts
from core.errors import NotReady, TrackingError
from core.settings import Settings
from core.tracking.store import TRY_AGAIN, client, experiment_id, mapped_errors

_PARAMETER_CHARACTERS = 5000


@dataclass(frozen=True)
class Run:
    """One logged action as it stands in MLflow. Times are UTC; metrics without nan."""

    run_id: str
    action: str
    name: str
    status: str
    started_at: datetime
    finished_at: datetime | None
    params: dict[str, str] = field(default_factory=dict)
    metrics: dict[str, float] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def moment(self) -> datetime:
        """When it ended; until then, when it began."""
        return self.finished_at or self.started_at


def _key(name: str) -> str:
    """A name that MLflow takes, from one that may be any column's; different stay different."""
    plain = re.sub(r"[^\w.\- :/]", "_", name)[:200]
    return plain if plain == name else f"{plain}_{zlib.crc32(name.encode()):08x}"


def _params(values: Mapping[str, Any]) -> list[Any]:
    from mlflow.entities import Param

    return [Param(_key(k), str(v)[:_PARAMETER_CHARACTERS]) for k, v in values.items()]


def _metrics(values: Mapping[str, float | None], at: float | None = None) -> list[Any]:
    from mlflow.entities import Metric

    now = int((datetime.now(UTC).timestamp() if at is None else at) * 1000)
    return [
        Metric(_key(key), float(value), now, 0)
        for key, value in values.items()
        if value is not None and not math.isnan(float(value))
    ]


class RunLog:
    """Writes into one run by its id, from any thread or process.

    ``done``: a sentence for what is done by now and must not be repeated, whatever becomes of the
    run; see `action`.
    """

    def __init__(self, settings: Settings, run_id: str) -> None:
        self._settings = settings
        self.run_id = run_id
        self.done = ""

    def params(self, values: Mapping[str, Any]) -> None:
        """Log parameters; long values are cut to what MLflow takes."""
        self._batch(params=_params(values))

    def metrics(
        self, values: Mapping[str, float | None], prefix: str = "", at: float | None = None
    ) -> None:
        """Log metrics; None and nan (undefined on these rows) are left out.

        ``at``: seconds since 1970, now by default. The same figures at the same moment count
        once, however often they are logged.
        """
        named = {f"{prefix}{key}": value for key, value in values.items()}
        self._batch(metrics=_metrics(named, at))

    def params_and_metrics(
        self, params: Mapping[str, Any], metrics: Mapping[str, float | None]
    ) -> None:
        """Both at once: one commit where somebody waits for it."""
        self._batch(params=_params(params), metrics=_metrics(metrics))

    def tags(self, values: Mapping[str, str]) -> None:
        from mlflow.entities import RunTag

        self._batch(tags=[RunTag(k, str(v)) for k, v in values.items()])

    def _batch(self, **parts: list[Any]) -> None:
        with mapped_errors("log to the run"):
            client(self._settings).log_batch(self.run_id, **parts)

    def file(self, path: Path, folder: str | None = None) -> None:
        """Log one file as an artifact."""
        with mapped_errors(f"store {path.name}"):
            client(self._settings).log_artifact(self.run_id, str(path), folder)

    def folder(self, path: Path, folder: str) -> None:
        """Log all files of a folder as artifacts."""
        with mapped_errors(f"store {path.name}"):
            client(self._settings).log_artifacts(self.run_id, str(path), folder)

    def text(self, content: str, name: str) -> None:
        """Log text as an artifact named ``name`` (may hold folders)."""
        with tempfile.TemporaryDirectory() as folder:
            target = Path(folder) / Path(name).name
            target.write_text(content, encoding="utf-8")
            parent = str(Path(name).parent)
            self.file(target, None if parent == "." else parent)

    def json(self, value: Any, name: str) -> None:
        """Log a JSON artifact; not-a-number is refused."""
        self.text(json.dumps(value, allow_nan=False), name)

    def figure(self, figure: Any, name: str) -> None:
        """Log a Plotly figure as an interactive HTML page."""
        self.text(charts.page(figure), name)

    def finish(self, status: str = "FINISHED", at: float | None = None) -> None:
        """End the run: FINISHED, FAILED or KILLED; ``at`` seconds since 1970, now by default."""
        end = None if at is None else int(at * 1000)
        with mapped_errors("end the run"):
            client(self._settings).set_terminated(self.run_id, status, end)

    def reopen(self) -> None:
        """Go on with a run that has ended, such as one whose worker lost MLflow."""
        with mapped_errors("reopen the run"):
            client(self._settings).update_run(self.run_id, status="RUNNING")


def start(
    settings: Settings,
    project: str,
    action: str,
    name: str | None = None,
    params: Mapping[str, Any] | None = None,
    tags: Mapping[str, str] | None = None,
    parent_run_id: str | None = None,
    at: float | None = None,
) -> RunLog:
    """Open a run tagged with its action; the caller ends it with ``finish``.

    ``at``: when it began, in seconds since 1970; now by default.
    """
    labels = {"action": action, "mlflow.runName": name or action, **(tags or {})}
    if parent_run_id:
        labels["mlflow.parentRunId"] = parent_run_id
    experiment = experiment_id(settings, project)
    with mapped_errors(f"open a run for {action}"):
        begun = None if at is None else int(at * 1000)
        run = client(settings).create_run(experiment, start_time=begun, tags=labels)
    log = RunLog(settings, run.info.run_id)
    if params:
        log.params(params)
    return log


@contextmanager
def action(
    settings: Settings,
    project: str,
    action: str,
    name: str | None = None,
    params: Mapping[str, Any] | None = None,
    tags: Mapping[str, str] | None = None,
) -> Iterator[RunLog]:
    """A run for the length of a block: FINISHED, FAILED if it raises, KILLED if it is stopped.

    Where MLflow fails after ``log.done`` was set, the TrackingError says that first.
    """
    log = start(settings, project, action, name, params, tags)
    try:
        yield log
        log.finish()
    except BaseException as exc:
        with suppress(TrackingError):  # where MLflow is away, what was raised stays the error
            log.tags({"error": " ".join(str(exc).split())[:400]})
            log.finish("FAILED" if isinstance(exc, Exception) else "KILLED")
        if log.done and isinstance(exc, TrackingError):
            only = str(exc).removesuffix(TRY_AGAIN)
            raise TrackingError(
                f"{log.done} Do not repeat it: only its record in MLflow is not whole. {only}"
            ) from exc
        raise


def recent(
    settings: Settings,
    project: str,
    action: str | None = None,
    limit: int = 20,
    with_children: bool = False,
) -> list[Run]:
    """The latest runs of a project, newest first; empty if it has none."""
    clauses = [f"tags.action = '{action}'"] if action else []
    found = search(settings, project, " AND ".join(clauses), limit if with_children else limit * 4)
    if not with_children:
        found = [run for run in found if "mlflow.parentRunId" not in run.tags]
    return found[:limit]


def search(settings: Settings, project: str, where: str = "", limit: int = 1000) -> list[Run]:
    """Runs of a project that match an MLflow filter, newest first, in one question."""
    experiment = experiment_id(settings, project, create=False)
    if experiment is None:
        return []
    with mapped_errors("list runs"):
        found = client(settings).search_runs(
            [experiment], where, max_results=min(limit, 1000), order_by=["start_time DESC"]
        )
    return [_run(run) for run in found]


def get(settings: Settings, run_id: str) -> Run:
    """One run by its id; raises TrackingError if there is none."""
    with mapped_errors(f"find the run {run_id}"):
        return _run(client(settings).get_run(run_id))


def existing(settings: Settings, run_id: str) -> Run | None:
    """One run by its id, None if there is none; TrackingError where that cannot be told."""
    from mlflow.exceptions import MlflowException

    try:
        return get(settings, run_id)
    except TrackingError as exc:
        cause = exc.__cause__
        if isinstance(cause, MlflowException) and cause.error_code == "RESOURCE_DOES_NOT_EXIST":
            return None
        raise


def end_if_running(settings: Settings, run_id: str, status: str) -> None:
    """End a run that its worker could not end itself; fine if it has ended, or is no more."""
    run = existing(settings, run_id)
    if run is not None and run.status in ("RUNNING", "SCHEDULED"):
        RunLog(settings, run_id).finish(status)


def child(settings: Settings, project: str, parent_run_id: str, algorithm: str) -> Run | None:
    """The run of one algorithm below a training's, if there is one."""
    where = f"tags.`mlflow.parentRunId` = '{parent_run_id}' AND tags.algorithm = '{algorithm}'"
    found = search(settings, project, where, limit=1)
    return found[0] if found else None


def end_with_children(settings: Settings, project: str, run_id: str, status: str) -> None:
    """End a run and those below it, as far as they have not ended; the children first."""
    for child in search(settings, project, f"tags.`mlflow.parentRunId` = '{run_id}'"):
        end_if_running(settings, child.run_id, status)
    end_if_running(settings, run_id, status)


def _run(run: Any) -> Run:
    tags = dict(run.data.tags)
    ended = run.info.end_time
    return Run(
        run_id=run.info.run_id,
        action=tags.get("action", ""),
        name=run.info.run_name or "",
        status=run.info.status,
        started_at=datetime.fromtimestamp(run.info.start_time / 1000, UTC),
        finished_at=datetime.fromtimestamp(ended / 1000, UTC) if ended else None,
        params=dict(run.data.params),
        metrics={k: v for k, v in run.data.metrics.items() if not math.isnan(v)},
        tags=tags,
    )


def artifact(settings: Settings, run_id: str, name: str) -> Path:
    """A local path of an artifact (downloaded if the store is remote); NotReady if absent."""
    from mlflow.exceptions import MlflowException

    try:
        return Path(client(settings).download_artifacts(run_id, name))
    except (MlflowException, OSError) as exc:
        raise NotReady(f"The run {run_id[:8]} holds no {name}.") from exc


def artifact_json(settings: Settings, run_id: str, name: str) -> Any:
    """A JSON artifact of a finished run; kept in memory, since artifacts do not change."""
    return _artifact_json(settings, run_id, name)


@lru_cache(maxsize=256)
def _artifact_json(settings: Settings, run_id: str, name: str) -> Any:
    return json.loads(artifact(settings, run_id, name).read_text(encoding="utf-8"))
