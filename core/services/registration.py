"""A run's model becomes a registered version, once it has shown that it is the one measured."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from core.dataset import spec as specs
from core.dataset.spec import ProjectSpec
from core.errors import IntegrityError, NotReady
from core.evaluation.metrics import METRICS, binary_metrics
from core.evidence import bench as benches
from core.evidence.holdouts import holdout_table, own_holdout
from core.evidence.origins import origins
from core.files import file_lock
from core.settings import Settings, current_user
from core.tracking import models, registry, runs
from core.tracking import unregistered as strays
from core.tracking.registry import Version
from core.tracking.runs import RunLog
from core.training import adoption, carried, layers
from core.training.inputs import ModelInput, read_model_input
from core.training.proof import differs

_CARRIED = ("threshold_rule", "calibration")
_UNWATCHED = (
    "Monitor and the form for one row cannot work with it: nobody knows which rows it learnt from. "
    "Log it again with the parameter prepare_run_id of the preparation as it stands."
)


def register(settings: Settings, project: str, name: str) -> dict[str, Any]:
    """Register the model of a run, e.g. "run-3f2a1b9c"; JSON with its version and the proof.

    It is loaded and scores the rows that its own training held out: those that its run kept, or
    those of the preparation that it names. It must give the figures that were logged; where
    neither is there, it need only answer for the present holdout. IntegrityError, with both
    figures, where it does not. It gets what a version trained here carries; ``lacks`` says what
    it could not get, or is empty. Recorded as a run.
    """
    spec = specs.load(settings.spec_file(project))
    tags = {"kind": "register", "who": current_user()}
    with (
        file_lock(settings.project_dir(project) / "promotion.lock"),
        runs.action(settings, project, "promote", "register", {"run": name}, tags) as run,
        tempfile.TemporaryDirectory() as folder,
    ):
        stray = strays.find(settings, project, name)
        data = _rows(settings, spec, stray)
        proof = _proof(settings, spec, stray, data)
        version = _Registration(settings, spec, stray, data, Path(folder)).version()
        run.tags({"version": version})
    return {
        "version": version,
        "run_id": stray.run_id,
        "proof": proof,
        "title": stray.title,
        "lacks": "" if data or _carries(settings, stray) else _UNWATCHED,
    }


class _Registration:
    """One run's model on its way into the registry, with what a version carries."""

    def __init__(
        self,
        settings: Settings,
        spec: ProjectSpec,
        stray: Version,
        data: ModelInput | None,
        folder: Path,
    ) -> None:
        self._settings = settings
        self._spec = spec
        self._project = spec.name
        self._stray = stray
        self._data = data
        self._folder = folder
        self._pipeline = models.load_pipeline(settings, stray)
        self._algorithm = stray.tags.get("algorithm") or adoption.algorithm_of(self._pipeline)

    def version(self) -> str:
        """Its number; where something fails on the way there is none, and nothing is lost."""
        stray, where = self._stray, (self._settings, self._project)
        columns = self._spec.raw_columns
        logged = models.with_probabilities(self._settings, stray.run_id, stray.source, columns)
        adopted = self._adopt(logged)
        version = registry.register(*where, logged.uri, stray.run_id, self._tags(logged))
        try:
            if adopted:
                layers.copy_evidence(*where, self._folder, self._algorithm)
            layers.copy_model(*where, version, self._algorithm, self._figures(), logged)
            RunLog(self._settings, stray.run_id).tags(
                {"version": version, "model_sha256": logged.sha256}
            )
            registry.record_proof(*where, version, None)
        except BaseException:
            registry.discard_unproven(*where, {stray.run_id})
            raise
        return version

    def _adopt(self, logged: models.LoggedModel) -> bool:
        """Whether it got something: a model that was trained here has it all."""
        if self._data is None or _carries(self._settings, self._stray):
            return False
        adoption.adopt(
            self._pipeline,
            self._stray,
            self._algorithm,
            self._spec,
            self._data,
            models.packages(logged),
            RunLog(self._settings, self._stray.run_id),
            self._folder,
        )
        return True

    def _figures(self) -> dict[str, float | None]:
        """Those on the holdout that its run has by now."""
        logged = runs.get(self._settings, self._stray.run_id).metrics
        return {key: logged[f"test_{key}"] for key in METRICS if f"test_{key}" in logged}

    def _tags(self, logged: models.LoggedModel) -> dict[str, str]:
        tags = {key: self._stray.tags[key] for key in _CARRIED if key in self._stray.tags}
        if self._data is not None and self._data.preparation:
            tags["spec_digest"] = self._spec.data_digest
            tags["data_sha256"] = str(self._data.preparation["source_sha256"])
        threshold = repr(self._stray.threshold)
        return {
            "algorithm": self._algorithm,
            "title": self._stray.title,
            "model_sha256": logged.sha256,
            "threshold": threshold,
            "threshold_rule": threshold,
            **tags,
            registry.PROOF: registry.PENDING,
        }


def _carries(settings: Settings, stray: Version) -> bool:
    """Whether its run holds what Monitor needs, as one of a training or of a registration does."""
    try:
        runs.artifact(settings, stray.run_id, carried.PROFILE)
    except NotReady:
        return False
    return True


def _rows(settings: Settings, spec: ProjectSpec, stray: Version) -> ModelInput | None:
    """What it learnt from, and what its own training held out; None where nobody knows.

    Without training rows where its run kept its holdout, but names no preparation that stands.
    """
    data = _prepared(settings, spec, stray)
    try:
        own = own_holdout(settings, stray)[[*spec.raw_columns, spec.target.column]]
    except NotReady:
        return data
    if data is None:
        return ModelInput(own.iloc[:0], own, {})
    return ModelInput(data.train, own, data.preparation)


def _prepared(settings: Settings, spec: ProjectSpec, stray: Version) -> ModelInput | None:
    """The tables of the preparation that its run names, where they are still those."""
    origin = origins(settings, spec.name, [stray])[stray.version]
    if origin.preparation is None:
        return None
    inputs = origin.preparation.run_id if origin.is_renewed else ""
    try:
        data = read_model_input(settings, spec, inputs)
    except NotReady:
        return None
    return data if origin.agrees(data.preparation) == "same" else None


def _proof(settings: Settings, spec: ProjectSpec, stray: Version, data: ModelInput | None) -> str:
    """What was compared, in words; IntegrityError where it is not the model that was measured."""
    table = holdout_table(settings, spec.name) if data is None else data.test
    raw = table[list(spec.raw_columns)]
    measured, absent = benches.score_versions(settings, spec.name, [stray], raw)
    if not measured:
        raise IntegrityError(f"{stray.label} is not registered. {absent[stray.version]}")
    if data is None:
        return f"its run kept no holdout of its own; it scored {len(raw):,} rows of the present one"
    y = table[spec.target.column].to_numpy().astype(int)
    found = binary_metrics(y, measured[0].probability, stray.threshold).as_dict()
    compared = [key for key in METRICS if f"test_{key}" in stray.metrics and key in found]
    for key in compared:
        logged, again = stray.metrics[f"test_{key}"], found[key]
        if differs(again, logged):
            raise IntegrityError(
                f"{stray.label} is not registered: its {METRICS[key].word} on its own holdout is "
                f"{again!r} after loading, but {logged!r} was logged when it was trained. It is "
                "not the model that was measured; train again."
            )
    if not compared:
        return f"its run had logged no figures; measured on the {len(raw):,} holdout rows now"
    return f"{len(compared)} figures on {len(raw):,} holdout rows, the same as were logged"
