"""What a retraining gave: challenger and champion side by side, on old rows and on recent ones."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from core.dataset import spec as specs
from core.dataset.spec import ProjectSpec
from core.evaluation.challenge import Challenge, Scores, challenge, in_words
from core.evaluation.one_thread import in_one_thread
from core.monitoring.reference import CHOSEN_BY
from core.settings import Settings
from core.tracking import models, registry
from core.tracking.registry import Version
from core.tracking.runs import RunLog
from core.training.inputs import ModelInput, read_model_input
from core.training.plan import TrainingPlan

if TYPE_CHECKING:
    import pandas as pd


def recent_log_loss(
    estimator: Any,
    fitted: tuple[np.ndarray, Any, Any],
    old_rows: int,
    folds: int,
    seed: int,
    workers: int,
) -> float:
    """Cross-validated log loss, in nats, on the production rows among those that were fitted.

    ``fitted``: places in the training table (n,), features (n, k), labels (n,); the first
    ``old_rows`` places are older training data. All rows are learnt from, the recent ones alone
    are counted: how good a model is on production can be asked without the rows that judge it.
    nan where no recent row was fitted.
    """
    from sklearn.base import clone
    from sklearn.metrics import log_loss
    from sklearn.model_selection import StratifiedKFold, cross_val_predict

    places, x, y = fitted
    recent = np.asarray(places) >= old_rows
    if not recent.any():
        return math.nan
    splits = StratifiedKFold(folds, shuffle=True, random_state=seed)
    probability = cross_val_predict(
        in_one_thread(clone(estimator)), x, y, cv=splits, method="predict_proba", n_jobs=workers
    )[:, 1]
    labels = np.asarray(y).astype(int)
    return float(log_loss(labels[recent], probability[recent].astype(np.float64), labels=[0, 1]))


def choose(reports: Sequence[Mapping[str, Any]]) -> str:
    """Version of the best on production, cross-validated: the rows that judge did not choose it."""
    return str(min(reports, key=_loss)["version"])


def _loss(report: Mapping[str, Any]) -> float:
    return float(report["cv"].get(CHOSEN_BY, math.inf))


def judge(
    settings: Settings, plan: TrainingPlan, run: RunLog, reports: Sequence[Mapping[str, Any]]
) -> dict[str, Any] | None:
    """Every new version against the champion, on the old holdout and on the most recent rows.

    Gives the alias challenger to the chosen version and logs the findings to the training's run.
    None where no champion stands, the champion itself is new, or one was merely trained again.
    """
    spec = specs.load(settings.spec_file(plan.project))
    data = read_model_input(settings, spec, plan.inputs)
    champion = registry.champion(settings, spec.name)
    new = [str(report["version"]) for report in reports]
    if champion is None or champion.version in new or plan.reproduces:
        return None
    known = {one.version: one for one in registry.versions(settings, spec.name)}
    chosen = choose(reports)
    parts = {}
    for name, rows in _parts(data).items():
        y = rows[spec.target.column].to_numpy()
        base = _scores(settings, spec, champion, rows)
        parts[name] = {
            version: challenge(y, base, _scores(settings, spec, known[version], rows))
            for version in new
        }
    registry.set_alias(settings, spec.name, registry.CHALLENGER, chosen)
    found = {
        "champion": champion.version,
        "challenger": chosen,
        "chosen_by": "cross-validated log loss on the production rows it learnt from",
        "learnt_until": data.preparation["learnt_until"],
        "judged_from": data.preparation["judged_from"],
        "parts": {
            name: {version: one.as_dict() for version, one in of_part.items()}
            for name, of_part in parts.items()
        },
        "sentences": (said := _said({name: one[chosen] for name, one in parts.items()})),
        "verdict": " ".join(said),
    }
    run.json(found, "retraining.json")
    run.tags({"purpose": "retrain", "challenger": chosen})
    return found


def _parts(data: ModelInput) -> dict[str, pd.DataFrame]:
    """The test rows by where they come from: ``recent`` production, ``old`` holdout."""
    old = int(data.preparation["old_test_rows"])
    return {"recent": data.test.iloc[old:], "old": data.test.iloc[:old]}


def _scores(settings: Settings, spec: ProjectSpec, version: Version, rows: pd.DataFrame) -> Scores:
    pipeline = models.load_pipeline(settings, version)
    probability = pipeline.predict_proba(rows[list(spec.raw_columns)])[:, 1]
    return Scores(version.label, np.asarray(probability, dtype=float), version.threshold)


def _said(parts: Mapping[str, Challenge]) -> list[str]:
    recent, old = parts["recent"], parts["old"]
    return [
        f"{recent.challenger} challenges {recent.champion}.",
        in_words(recent, f"the {recent.rows:,} most recent production rows"),
        in_words(old, f"the {old.rows:,} older holdout rows"),
    ]
