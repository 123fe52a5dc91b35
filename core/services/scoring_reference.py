"""A scored file's figures beside those that its version is known by, judged as Monitor judges."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from core.dataset import io
from core.dataset import spec as specs
from core.errors import CourtsideError
from core.evidence.learnt import learnt_among
from core.monitoring import policy_file
from core.monitoring.judged import Judged, judged
from core.monitoring.judgement import reference_figures
from core.monitoring.policy import Standing, assess
from core.monitoring.profile import ReferenceProfile
from core.monitoring.reference import profile_name
from core.scoring.result import FileResult
from core.settings import Settings
from core.tracking import registry, runs
from core.tracking.registry import Version

# Beyond these a look for learnt rows would be felt: it is left out, and nothing is said.
_MOST_ROWS = 200_000


@dataclass(frozen=True)
class Beside:
    """``before``: the version's figures by name, on ``where`` as Monitor calls these rows.

    ``standings``: how each of the file's figures stands beside it, by name, as Monitor would assess
    these rows.
    ``learnt``: how many of the file's labelled rows equal a production row that the version's
    retraining learnt from; None where nobody looked, or can tell.
    """

    where: str
    before: Mapping[str, float]
    standings: Mapping[str, Standing]
    learnt: int | None = None


def beside(settings: Settings, project: str, result: FileResult) -> Beside | None:
    """What a result is to be held against; None where it has no labels or its version is gone."""
    if result.summary["metrics"] is None:
        return None
    try:
        version = registry.find(settings, project, result.version.version)
    except CourtsideError:
        return None
    found = judged(version)
    spec = specs.load(settings.spec_file(project))
    realised = {**result.findings.intervals, "labelled_rows": result.summary["rows_labelled"]}
    policy = policy_file.in_force(settings, spec)
    assessed = assess(
        [], realised=realised, reference=_figures(settings, version, found), policy=policy
    ).standings
    standings = {name: assessed.get(f"realised_{name}", "") for name in found.metrics}
    return Beside(found.where, found.metrics, standings, _learnt(settings, spec, version, result))


def _figures(settings: Settings, version: Version, found: Judged) -> Mapping[str, object]:
    """With their intervals where few rows may have judged it."""
    if found.rows != "production":
        return found.metrics
    stored = runs.artifact_json(settings, version.run_id, profile_name(version.metrics))
    return reference_figures(version, ReferenceProfile.from_dict(stored))


def _learnt(
    settings: Settings, spec: specs.ProjectSpec, version: Version, result: FileResult
) -> int | None:
    rows = int(result.summary["rows_scored"])
    columns = [*spec.raw_columns, spec.target.column]
    if rows > _MOST_ROWS or not set(columns) <= set(io.column_names(result.output)):
        return None
    try:
        return learnt_among(settings, spec, version, io.read_table(result.output), _MOST_ROWS)
    except CourtsideError:
        return None
