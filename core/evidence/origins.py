"""Which training, data and split each version comes from: three questions for any number."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from core.dataset.retrain import SPLIT
from core.files import read_json
from core.settings import Settings
from core.tracking import runs
from core.tracking.registry import Version
from core.tracking.runs import Run

Agreement = Literal["same", "other", "unknown"]


@dataclass(frozen=True)
class Origin:
    """A version's own run, the training it was part of, the preparation that was trained on.

    Each is None where it has been deleted, or was never there.
    """

    version: Version
    run: Run | None
    training: Run | None
    preparation: Run | None

    @property
    def training_seconds(self) -> float | None:
        """How long the version's own run took, None where it is gone or has not ended."""
        if self.run is None or self.run.finished_at is None:
            return None
        return (self.run.finished_at - self.run.started_at).total_seconds()

    @property
    def is_renewed(self) -> bool:
        """Whether it was retrained on production rows: some of those were in its own holdout."""
        return self.preparation is not None and "renews_run_id" in self.preparation.params

    def agrees(self, present: Mapping[str, object] | None) -> Agreement:
        """Whether its split is the ``present`` one (a preparation's record)."""
        if self.preparation is None or present is None:
            return "unknown"
        known = self.preparation.params
        same = all(known.get(name) == str(present.get(name)) for name in SPLIT)
        return "same" if same else "other"


def origins(settings: Settings, project: str, versions: Sequence[Version]) -> dict[str, Origin]:
    """By version number; what MLflow no longer has is None."""
    own = _runs(settings, project, {v.run_id for v in versions})
    parents = {run.run_id: run.tags.get("mlflow.parentRunId", run.run_id) for run in own.values()}
    trainings = {**own, **_runs(settings, project, set(parents.values()) - set(own))}
    prepared = {run_id: run.params.get("prepare_run_id", "") for run_id, run in trainings.items()}
    preparations = _runs(settings, project, set(prepared.values()))
    found = {}
    for version in versions:
        training = trainings.get(parents.get(version.run_id, ""))
        preparation = prepared.get(training.run_id, "") if training else ""
        found[version.version] = Origin(
            version, own.get(version.run_id), training, preparations.get(preparation)
        )
    return found


def present_split(settings: Settings, project: str) -> dict[str, object] | None:
    """The record of the preparation that stands in 05_model_input, or None."""
    manifest = settings.layer(project, "05_model_input") / "preparation.json"
    return dict(read_json(manifest)) if manifest.is_file() else None


def _runs(settings: Settings, project: str, wanted: Collection[str]) -> dict[str, Run]:
    ids = sorted(one for one in wanted if one)
    if not ids:
        return {}
    listed = ", ".join(f"'{one}'" for one in ids)
    found: Iterable[Run] = runs.search(settings, project, f"attributes.run_id IN ({listed})")
    return {run.run_id: run for run in found}
