"""Versions side by side, paired evidence, and the move of an alias."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from core.dataset import io
from core.dataset import spec as specs
from core.errors import BadInput, NotReady
from core.evaluation.compare import compare_roc_auc, paired_bootstrap, verdict
from core.evaluation.curves import RocCurve
from core.evaluation.importance import Importance
from core.evaluation.metrics import METRICS, MetricInfo, binary_metrics
from core.evaluation.tally import Confusion
from core.files import read_json
from core.settings import Settings
from core.tracking import models, registry, runs, store
from core.tracking.registry import Version

if TYPE_CHECKING:
    import pandas as pd
    from plotly.graph_objects import Figure

TEST_METRICS = ("roc_auc", "log_loss", "f1", "accuracy", "precision", "recall", "kappa", "mcc")
HOLDOUT_METRICS: tuple[MetricInfo, ...] = tuple(METRICS[name] for name in TEST_METRICS)
# What decides which rows are held out; the rest of a preparation's record does not.
_SPLIT = ("source_sha256", "test_size", "split_seed", "stratify", "drop_duplicates", "drop_missing")


@dataclass(frozen=True)
class Evidence:
    """What a version's training run stored about it on its own holdout."""

    version: Version
    roc: RocCurve
    importance: list[Importance]
    metrics: dict[str, float | None]
    confusion: Confusion


def versions(settings: Settings, project: str) -> list[Version]:
    """Registered versions, newest first; looking does not make a store where there is none."""
    if store.is_new(settings):
        return []
    return registry.versions(settings, project)


def evidence(settings: Settings, version: Version) -> Evidence:
    """Curves and importance of a version, from its run."""
    stored = runs.artifact_json(settings, version.run_id, "evaluation.json")
    return Evidence(
        version=version,
        roc=RocCurve.from_dict(stored["roc"]),
        importance=[Importance(**one) for one in stored["importance"]],
        metrics=stored["metrics"],
        confusion=Confusion(**stored["confusion"]),
    )


def roc_overlay(found: Sequence[Evidence], strong: str | None = None) -> Figure:
    """ROC curves on the holdout, one a version; ``strong`` is the label of the one to stress."""
    from core.evaluation.figures import roc_figure

    return roc_figure({one.version.label: one.roc for one in found}, strong)


def importance_sides(found: Sequence[Evidence], strong: str | None = None) -> Figure:
    """Importance of the raw columns, versions side by side."""
    from core.evaluation.figures import importance_comparison_figure

    return importance_comparison_figure(
        {one.version.label: one.importance for one in found}, strong
    )


def difference_chart(differences: Mapping[str, Mapping[str, Any]]) -> Figure:
    """Differences in ROC AUC from the champion, by challenger's label, with their intervals.

    ``differences`` holds the ``roc_auc`` entries of ``compare``'s candidates.
    """
    from core.evaluation.figure_difference import difference_figure

    return difference_figure(differences, "roc_auc")


def confusion_chart(one: Evidence, class_names: tuple[str, str]) -> Figure:
    """Decisions against outcomes on the holdout; ``class_names``: of class 0, of class 1."""
    from core.evaluation.figures import confusion_figure

    cells = one.confusion
    counts = [
        [cells.true_negatives, cells.false_positives],
        [cells.false_negatives, cells.true_positives],
    ]
    return confusion_figure(counts, class_names)


def probability_chart(settings: Settings, project: str, version: Version) -> Figure:
    """Probabilities on the holdout by outcome; NotReady if the run kept no holdout rows."""
    from core.evaluation.figures import probability_histogram

    aim = specs.load(settings.spec_file(project)).target
    name = f"tables/holdout_{version.algorithm}.parquet"
    rows = io.read_table(runs.artifact(settings, version.run_id, name))
    if aim.column not in rows.columns:
        raise NotReady(f"{version.label} was trained on another target than {aim.column}.")
    return probability_histogram(
        rows["probability"].to_numpy(float),
        version.threshold,
        rows[aim.column].to_numpy(float),
        (aim.negative_words, aim.positive_words),
    )


def same_holdout(settings: Settings, project: str, version: Version) -> bool:
    """Whether a version was trained apart from the present holdout rows.

    False where the split has changed since, or where nothing is on record: some of today's
    holdout rows may then have been in its training, which flatters it.
    """
    manifest = settings.layer(project, "05_model_input") / "preparation.json"
    if not manifest.is_file():
        return False
    present = read_json(manifest)
    run = runs.get(settings, version.run_id)
    parent = run.tags.get("mlflow.parentRunId")
    trained_on = runs.get(settings, parent or run.run_id).params.get("prepare_run_id")
    if not trained_on:
        return False
    split: Mapping[str, str] = runs.get(settings, trained_on).params
    return all(split.get(name) == str(present.get(name)) for name in _SPLIT)


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
