"""Training a version again exactly: the same plan on the same data, or what stands in the way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from core.dataset import spec as specs
from core.errors import BadInput, NotReady
from core.evidence import again
from core.evidence.again import Change, Outcome
from core.evidence.origins import Origin, origins, present_split
from core.settings import Settings
from core.tracking import registry, runs
from core.tracking.registry import Version
from core.tracking.runs import RunLog
from core.training import provenance
from core.training.catalogue import CATALOGUE
from core.training.plan import TrainingPlan

__all__ = ["Change", "Order", "Outcome", "conclude", "order"]


@dataclass(frozen=True)
class Order:
    """What to train to get ``version`` again, and what is not as it was (packages alone)."""

    version: str
    plan: TrainingPlan
    changes: tuple[Change, ...]


def order(settings: Settings, project: str, version: str) -> Order:
    """The version's own plan, restricted to its algorithm.

    BadInput where the data, the split or the specification are others by now, and says which;
    NotReady where its training is no longer on record. Other packages are told, not refused.
    """
    chosen, origin = _origin(settings, project, version)
    if origin.training is None or origin.preparation is None:
        raise NotReady(
            f"The runs that made {chosen.label} are gone, or it was not trained here, so nobody "
            "knows its plan; train anew instead."
        )
    changed = _changes(settings, project, chosen, origin)
    if of_data := [change for change in changed if change.is_of_data]:
        raise BadInput(
            f"{chosen.label} cannot be trained again exactly. What changed since: "
            f"{'; '.join(change.words for change in of_data)}. Put it back as it was and prepare "
            "the data again, or train anew."
        )
    return Order(chosen.version, _plan(settings, origin, chosen), tuple(changed))


def conclude(
    settings: Settings, project: str, ordered: Order, result: Mapping[str, Any]
) -> dict[str, Any]:
    """What came of training ``ordered.plan``: told, and logged on the new version's run."""
    made = result["models"][0]["version"]
    listed = {one.version: one for one in registry.versions(settings, project)}
    for number in (ordered.version, made):
        if number not in listed:
            raise NotReady(
                f"v{number} is not in the registry any more; nothing to hold it against."
            )
    found = again.outcome(
        ordered.version,
        made,
        listed[ordered.version].metrics,
        listed[made].metrics,
        ordered.changes,
    )
    told = {
        "version": found.version,
        "again": found.again,
        "exact": found.exact,
        "differing": {key: list(pair) for key, pair in found.differing.items()},
        "changes": [change.words for change in found.changes],
        "sentence": found.sentence,
        "run_id": listed[made].run_id,
    }
    run = RunLog(settings, listed[made].run_id)
    run.tags({registry.REPRODUCES: found.version, "reproduced_exactly": str(found.exact).lower()})
    run.json(told, "reproduction.json")
    return told


def _origin(settings: Settings, project: str, version: str) -> tuple[Version, Origin]:
    chosen = registry.find(settings, project, version)
    return chosen, origins(settings, project, [chosen])[chosen.version]


def _plan(settings: Settings, origin: Origin, version: Version) -> TrainingPlan:
    """As logged, this algorithm alone; a choice among several was made then and is not repeated."""
    assert origin.training is not None
    try:
        stored = runs.artifact_json(settings, origin.training.run_id, "plan.json")
    except NotReady as exc:
        raise NotReady(
            f"No plan is on record for {version.label}: it was fitted elsewhere, or its record is "
            "gone. Fit it again where it came from, or train anew."
        ) from exc
    plan = TrainingPlan.from_json(stored)
    own = tuple(model for model in plan.models if model.algorithm == version.algorithm)
    if not own:
        raise NotReady(f"The plan that is on record does not name {version.algorithm}; train anew.")
    options = replace(plan.options, find_best=None)
    return replace(plan, models=own, options=options, reproduces=version.version)


def _changes(settings: Settings, project: str, version: Version, origin: Origin) -> list[Change]:
    known = CATALOGUE.get(version.algorithm)
    library = [known.package] if known is not None and known.package else []
    return again.changes(
        origin,
        present_split(settings, project),
        specs.load(settings.spec_file(project)).data_digest,
        provenance.versions(*library),
    )
