"""A run's model becomes a registered version, once it has shown that it is the one measured."""

from __future__ import annotations

from typing import Any

from core.dataset import spec as specs
from core.dataset.spec import ProjectSpec
from core.errors import IntegrityError, NotReady
from core.evaluation.metrics import METRICS, binary_metrics
from core.evidence import bench as benches
from core.evidence.holdouts import holdout_table, own_holdout
from core.files import file_lock
from core.settings import Settings, current_user
from core.tracking import registry, runs
from core.tracking import unregistered as strays
from core.tracking.registry import Version
from core.training.proof import differs

_CARRIED = ("algorithm", "title", "threshold", "threshold_rule", "calibration", "model_sha256")


def register(settings: Settings, project: str, name: str) -> dict[str, Any]:
    """Register the model of a run, e.g. "run-3f2a1b9c"; JSON with its version and the proof.

    It is loaded and scores the rows that its own training held out, where its run kept them, and
    must give the figures that were logged; else it need only answer for the present holdout.
    IntegrityError, with both figures, where it does not. Recorded as a run.
    """
    spec = specs.load(settings.spec_file(project))
    tags = {"kind": "register", "who": current_user()}
    with (
        file_lock(settings.project_dir(project) / "promotion.lock"),
        runs.action(settings, project, "promote", "register", {"run": name}, tags) as run,
    ):
        stray = strays.find(settings, project, name)
        proof = _proof(settings, spec, stray)
        carried = {key: stray.tags[key] for key in _CARRIED if key in stray.tags}
        version = registry.register(
            settings,
            project,
            stray.source,
            stray.run_id,
            {"title": stray.title, **carried, registry.PROOF: registry.PASSED},
        )
        run.tags({"version": version})
    return {"version": version, "run_id": stray.run_id, "proof": proof, "title": stray.title}


def _proof(settings: Settings, spec: ProjectSpec, stray: Version) -> str:
    """What was compared, in words; IntegrityError where it is not the model that was measured."""
    try:
        own, table = True, own_holdout(settings, stray)
    except NotReady:  # its run kept none
        own, table = False, holdout_table(settings, spec.name)
    raw = table[list(spec.raw_columns)]
    measured, absent = benches.score_versions(settings, spec.name, [stray], raw)
    if not measured:
        raise IntegrityError(f"{stray.label} is not registered. {absent[stray.version]}")
    if not own:
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
    return f"{len(compared)} figures on {len(raw):,} holdout rows, the same as were logged"
