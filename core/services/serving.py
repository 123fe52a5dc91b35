"""The champion behind MLflow's REST server: start, stop, watch, ask."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import EndpointError
from core.scoring import endpoint
from core.scoring.client import RestClient
from core.scoring.endpoint import Endpoint
from core.settings import Settings
from core.tracking import registry, runs


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
        return self.running and self.champion is not None and self.endpoint.version != self.champion


def status(settings: Settings, project: str) -> EndpointView | None:
    """The endpoint that was started last, or None if there never was one."""
    found = endpoint.status(_folder(settings, project))
    if found is None:
        return None
    champion = registry.champion(settings, project)
    return EndpointView(found, champion.version if champion else None)


def start(settings: Settings, project: str, port: int | None = None) -> dict[str, Any]:
    """Serve the champion on loopback; returns the contract's JSON."""
    version = registry.find(settings, project)
    chosen = port or settings.endpoint_port
    parameters = {"port": chosen, "version": version.version}
    tags = {"version": version.version}
    with runs.action(settings, project, "serve", params=parameters, tags=tags) as run:
        started = endpoint.start(
            _folder(settings, project),
            model_uri=f"models:/{project}/{version.version}",
            version=version.version,
            tracking_uri=settings.tracking_uri,
            port=chosen,
        )
    return {
        "url": started.url,
        "pid": started.pid,
        "version": started.version,
        "run_id": run.run_id,
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
    """A client of the running endpoint; EndpointError if none runs."""
    view = status(settings, project)
    if view is None or not view.running:
        raise EndpointError("The endpoint is not running; start it first.")
    return RestClient(view.endpoint.url)


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
