"""Versions side by side, paired evidence, and the move of an alias."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from core.dataset import io
from core.dataset import spec as specs
from core.errors import BadInput
from core.evaluation.compare import compare_roc_auc, paired_bootstrap, verdict
from core.evaluation.curves import RocCurve
from core.evaluation.importance import Importance
from core.evaluation.metrics import binary_metrics
from core.settings import Settings
from core.tracking import models, registry, runs
from core.tracking.registry import Version

if TYPE_CHECKING:
    import pandas as pd

TEST_METRICS = ("roc_auc", "log_loss", "f1", "accuracy", "precision", "recall", "kappa", "mcc")


@dataclass(frozen=True)
class Evidence:
    """What a version's training run stored about it on its own holdout."""

    version: Version
    roc: RocCurve
    importance: list[Importance]
    metrics: dict[str, float | None]


def versions(settings: Settings, project: str) -> list[Version]:
    """Registered versions, newest first."""
    return registry.versions(settings, project)


def evidence(settings: Settings, version: Version) -> Evidence:
    """Curves and importance of a version, from its run."""
    stored = runs.artifact_json(settings, version.run_id, "evaluation.json")
    return Evidence(
        version=version,
        roc=RocCurve.from_dict(stored["roc"]),
        importance=[Importance(**one) for one in stored["importance"]],
        metrics=stored["metrics"],
    )


def hyperparameter_table(chosen: Sequence[Version], only_differing: bool) -> pd.DataFrame:
    """One row per hyperparameter, one column per version; absent ones are empty."""
    import pandas as pd

    names = sorted({name for version in chosen for name in version.params})
    table = pd.DataFrame(
        {version.label: [version.params.get(name, "") for name in names] for version in chosen},
        index=pd.Index(names, name="hyperparameter"),
    )
    if only_differing and len(chosen) > 1:
        table = table[table.nunique(axis=1) > 1]
    return table


def compare(
    settings: Settings, project: str, which: Sequence[str] = (), record: bool = True
) -> dict[str, Any]:
    """Challengers against the champion on the project's present holdout rows; contract JSON.

    Differences are paired: ROC AUC by DeLong, log loss and F1 by bootstrap.
    """
    listed = registry.versions(settings, project)
    champion = registry.find(settings, project)
    chosen = [registry.find(settings, project, name) for name in which] if which else listed
    challengers = _others(chosen, champion)
    spec = specs.load(settings.spec_file(project))
    folder = settings.layer(project, "05_model_input")
    test = io.read_table(folder / "base_test.parquet")
    y = test[spec.target.column].to_numpy()
    raw = test[list(spec.raw_columns)]

    def probability(version: Version) -> np.ndarray:
        return np.asarray(models.load_pipeline(settings, version).predict_proba(raw)[:, 1], float)

    base = probability(champion)
    candidates = []
    for version in challengers:
        other = probability(version)
        differences = [compare_roc_auc(y, base, other)]
        for metric in ("log_loss", "f1"):
            differences.append(
                paired_bootstrap(y, base, other, metric, champion.threshold, version.threshold)
            )
        candidates.append(
            {
                **_described(version, y, other),
                "differences": {d.metric: d.as_dict() for d in differences},
                "verdict": verdict(differences[0]),
            }
        )
    result = {
        "project": project,
        "rows": len(y),
        "champion": _described(champion, y, base),
        "candidates": candidates,
    }
    if record:
        with runs.action(
            settings,
            project,
            "compare",
            params={"champion": champion.version, "versions": ",".join(v.version for v in chosen)},
        ) as run:
            run.json(result, "compare.json")
            result["run_id"] = run.run_id
    return result


def promote(
    settings: Settings, project: str, version: str, alias: str = "champion", reason: str = ""
) -> dict[str, Any]:
    """Move an alias to a version and put it on record; contract JSON."""
    chosen = registry.find(settings, project, version)
    if alias not in registry.ALIASES:
        raise BadInput(f"An alias is one of {', '.join(registry.ALIASES)}; found {alias!r}.")
    parameters = {"alias": alias, "version": chosen.version, "reason": reason}
    with runs.action(settings, project, "promote", params=parameters) as run:
        previous = registry.set_alias(settings, project, alias, chosen.version)
        run.params({"previous": previous})
        run.tags({"version": chosen.version, "previous": previous or ""})
    return {
        "alias": alias,
        "version": chosen.version,
        "previous": previous,
        "run_id": run.run_id,
    }


def previous_champion(settings: Settings, project: str) -> str | None:
    """The version that the last promotion took the champion's place from, if it still exists."""
    champion = registry.champion(settings, project)
    known = {version.version for version in registry.versions(settings, project)}
    for run in runs.recent(settings, project, action="promote", limit=50):
        if run.params.get("alias") != "champion" or run.status != "FINISHED":
            continue
        before = run.params.get("previous", "")
        if champion is not None and run.params.get("version") == champion.version:
            return before if before in known and before != champion.version else None
    return None


def _others(chosen: Sequence[Version], champion: Version) -> list[Version]:
    seen = {champion.version}
    others = []
    for version in chosen:
        if version.version not in seen:
            seen.add(version.version)
            others.append(version)
    return others


def _described(version: Version, y: np.ndarray, probability: np.ndarray) -> dict[str, Any]:
    return {
        "version": version.version,
        "algorithm": version.algorithm,
        "test": binary_metrics(y, probability, version.threshold).as_dict(),
    }
