"""The champion behind MLflow's REST server: start, stop, watch, ask."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.dataset import spec as specs
from core.errors import CourtsideError, EndpointError
from core.scoring import endpoint
from core.scoring.client import RestClient
from core.scoring.endpoint import Endpoint
from core.scoring.server_process import LOOPBACK
from core.settings import Settings
from core.tracking import registry, runs

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class EndpointView:
    """The endpoint as it stands; ``outdated`` if the champion has changed since it started."""

    endpoint: Endpoint
    champion: str | None

    @property
    def running(self) -> bool:
        return self.endpoint.state == "running"

    @property
    def outdated(self) -> bool:
        coming = self.endpoint.next_version or self.endpoint.version
        return self.running and self.champion is not None and coming != self.champion

    def healthy(self) -> bool:
        """Whether it answers right now; asks it, and waits two seconds at the most."""
        return endpoint.is_healthy(self.endpoint)


def status(settings: Settings, project: str) -> EndpointView | None:
    """The endpoint that was started last, or None if there never was one."""
    found = endpoint.status(_folder(settings, project))
    if found is None:
        return None
    champion = registry.champion(settings, project)
    return EndpointView(found, champion.version if champion else None)


def start(
    settings: Settings, project: str, port: int | None = None, host: str | None = None
) -> dict[str, Any]:
    """Serve the champion, on loopback unless told otherwise; returns the contract's JSON.

    Waits until it answers. A version that answers now goes on until the champion does.
    """
    order, run = _opened(settings, project, port, host)
    with _told(run):
        started = endpoint.start(_folder(settings, project), **order)
    return {
        "url": started.url,
        "pid": started.pid,
        "version": started.version,
        "run_id": run.run_id,
    }


def begin(settings: Settings, project: str, port: int | None = None) -> threading.Thread:
    """As ``start``, but returns once the server loads; a thread of this process sees it through.

    Should this process end before, whoever looks at the endpoint next puts the server in charge.
    """
    order, run = _opened(settings, project, port, None)
    folder = _folder(settings, project)
    with _told(run, finish=False):
        endpoint.start(folder, **order, wait_seconds=0)
    thread = threading.Thread(
        target=_see_through, args=(folder, run), name=f"serve-{project}", daemon=True
    )
    thread.start()
    return thread


def _see_through(folder: Path, run: runs.RunLog) -> None:
    try:
        with _told(run):
            endpoint.wait(folder)
    except CourtsideError as exc:
        _log.warning("%s", exc)  # the page reads the reason from the endpoint's own state


def _opened(
    settings: Settings, project: str, port: int | None, host: str | None
) -> tuple[dict[str, Any], runs.RunLog]:
    """What to start, and the run that it is recorded in."""
    version = registry.find(settings, project)
    order = {
        "model_uri": f"models:/{project}/{version.version}",
        "version": version.version,
        "tracking_uri": settings.tracking_uri,
        "port": port or settings.endpoint_port,
        "host": host or LOOPBACK,
    }
    parameters = {name: order[name] for name in ("port", "host", "version")}
    tags = {"version": version.version}
    return order, runs.start(settings, project, "serve", params=parameters, tags=tags)


@contextmanager
def _told(run: runs.RunLog, finish: bool = True) -> Iterator[None]:
    """The run ends as the block does; left open where another block finishes it."""
    try:
        yield
    except BaseException as exc:
        run.tags({"error": " ".join(str(exc).split())[:400]})
        run.finish("FAILED" if isinstance(exc, Exception) else "KILLED")
        raise
    if finish:
        run.finish()


def watch(settings: Settings, project: str) -> dict[str, Any]:
    """The endpoint in JSON: its state and health, what it serves, the end of its log."""
    view = status(settings, project)
    if view is None:
        return {"state": "none", "url": None, "pid": None, "version": None}
    seen = view.endpoint
    return {
        "state": seen.state,
        "url": seen.url,
        "pid": seen.pid,
        "version": seen.version,
        "healthy": endpoint.is_healthy(seen),
        "uptime_seconds": round(seen.uptime_seconds, 1),
        "champion": view.champion,
        "outdated": view.outdated,
        "next_version": seen.next_version,
        "message": seen.next_problem or seen.message,
        "log": log_tail(settings, project).splitlines(),
    }


def stop(settings: Settings, project: str) -> dict[str, Any]:
    """Stop the endpoint; fine if none runs."""
    folder = _folder(settings, project)
    before = endpoint.status(folder)
    stopped = endpoint.stop(folder)
    if stopped is None or before is None or not before.is_live:
        return {"url": None, "pid": None, "version": None, "stopped": False}
    return {
        "url": stopped.url,
        "pid": stopped.pid,
        "version": stopped.version,
        "stopped": True,
    }


def client(settings: Settings, project: str) -> RestClient:
    """A client of the running endpoint that refuses the gaps batch scoring refuses.

    EndpointError if none runs.
    """
    view = status(settings, project)
    if view is None or not view.running:
        raise EndpointError("The endpoint is not running; start it first.")
    needed = specs.load(settings.spec_file(project)).required_columns
    return RestClient(view.endpoint.url, needed=needed)


def example(url: str, values: Mapping[str, Any]) -> str:
    """A command for any terminal that asks the endpoint about one row of raw columns."""
    import json

    row = {"columns": list(values), "data": [list(values.values())]}
    body = json.dumps({"dataframe_split": row}, ensure_ascii=False).replace("'", "'\\''")
    return f"curl -s {url}/invocations -H 'Content-Type: application/json' \\\n  -d '{body}'"


def log_tail(settings: Settings, project: str, lines: int = 30) -> str:
    """The last lines that the server printed."""
    return endpoint.log_tail(_folder(settings, project), lines)


def _folder(settings: Settings, project: str) -> Path:
    return settings.project_dir(project) / "endpoint"
