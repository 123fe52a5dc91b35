"""Models that lie with a project's runs and that no registered version was made of."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from core.errors import BadInput
from core.settings import Settings
from core.tracking import registry, runs
from core.tracking.registry import Version
from core.tracking.store import client, experiment_id, mapped_errors

if TYPE_CHECKING:
    from core.tracking.runs import Run

_RUN = "run-"
_ID_CHARACTERS = 8
_MODELS_AT_MOST = 200


def unregistered(
    settings: Settings, project: str, registered: Sequence[Version] | None = None
) -> list[Version]:
    """Models of finished runs without a version, newest first; four questions for any number.

    ``registered``: the project's versions, where somebody has asked for them already.
    They come about where somebody deletes a version but not its run, or logs a model of their own
    to the project's experiment. Each is a `Version` in all but its name, ``run-3f2a1b9c``.
    """
    experiment = experiment_id(settings, project, create=False)
    if experiment is None:
        return []
    store = client(settings)
    with mapped_errors("list the models of the runs"):
        logged = store.search_logged_models(
            [experiment],
            max_results=_MODELS_AT_MOST,
            order_by=[{"field_name": "creation_time", "ascending": False}],
        )
    if registered is None:
        registered = registry.versions(settings, project)
    taken = {version.run_id for version in registered}
    taken |= {version.model_id for version in registered}
    left = [
        model
        for model in logged
        if model.source_run_id
        and model.status == "READY"  # another one's storing was broken off
        and not {model.source_run_id, model.model_id} & taken
    ]
    if not left:
        return []
    ids = ", ".join(sorted({f"'{model.source_run_id}'" for model in left}))
    where = f"attributes.run_id IN ({ids}) AND attributes.status = 'FINISHED'"
    finished = {run.run_id: run for run in runs.search(settings, project, where)}
    newest: dict[str, Version] = {}
    for model in left:
        run = finished.get(model.source_run_id)
        if run is not None:
            newest.setdefault(run.run_id, _version(model, run))
    return list(newest.values())


def find(settings: Settings, project: str, name: str) -> Version:
    """The model of a run, by its name here or the run's id; BadInput if there is none."""
    listed = unregistered(settings, project)
    wanted = name.removeprefix(_RUN)
    for one in listed:
        if one.run_id.startswith(wanted) and len(wanted) >= _ID_CHARACTERS:
            return one
    known = ", ".join(one.version for one in listed) or "none"
    raise BadInput(
        f"{project} has no finished run {name!r} with a model that is not registered; there are: "
        f"{known}."
    )


def is_run(name: str) -> bool:
    """Whether a name is that of a run's model, and not of a version."""
    return name.startswith(_RUN)


def _version(model: Any, run: Run) -> Version:
    return Version(
        version=f"{_RUN}{run.run_id[:_ID_CHARACTERS]}",
        algorithm=run.tags.get("algorithm", "?"),
        title=run.tags.get("title") or run.name or "model",
        run_id=run.run_id,
        source=model.model_uri,
        created_at=datetime.fromtimestamp(model.creation_timestamp / 1000, UTC),
        threshold=float(run.tags.get("threshold", 0.5)),
        metrics=dict(run.metrics),
        params=dict(run.params),
        tags=dict(run.tags),
        registered=False,
        model_id=model.model_id,
    )
