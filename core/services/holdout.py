"""What each version's training measured and stored with its run, and charts: on its own holdout, or
on the production rows that judged its retraining."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from core.dataset import spec as specs
from core.errors import CourtsideError, NotReady
from core.evaluation.curves import RocCurve, roc_points
from core.evaluation.importance import Importance
from core.evaluation.metrics import binary_metrics
from core.evaluation.tally import Confusion
from core.evidence.holdouts import own_holdout
from core.monitoring.judged import judged
from core.monitoring.profile import ReferenceProfile
from core.monitoring.reference import RECENT_PROFILE
from core.settings import Settings
from core.tracking import runs
from core.tracking.registry import Version

if TYPE_CHECKING:
    import pandas as pd
    from plotly.graph_objects import Figure


@dataclass(frozen=True)
class Evidence:
    """What a version's training run stored about it on its own holdout."""

    version: Version
    roc: RocCurve
    importance: list[Importance]
    metrics: dict[str, float | None]
    confusion: Confusion


def evidence(settings: Settings, version: Version) -> Evidence:
    """Curves and importance of a version, from its run; NotReady where that kept none."""
    stored = runs.artifact_json(settings, version.run_id, "evaluation.json")
    return Evidence(
        version=version,
        roc=RocCurve.from_dict(stored["roc"]),
        importance=[Importance(**one) for one in stored["importance"]],
        metrics=stored["metrics"],
        confusion=Confusion(**stored["confusion"]),
    )


def judged_evidence(settings: Settings, project: str, version: Version) -> Evidence:
    """As ``evidence``, with the curve and the decisions on the rows that count for the version.

    Its importance stays what was measured at training, on its whole holdout.
    """
    found = evidence(settings, version)
    if judged(version).rows != "production":
        return found
    rows = _judging_rows(settings, version)
    y = rows[specs.load(settings.spec_file(project)).target.column].to_numpy()
    p = rows["probability"].to_numpy(float)
    measured = binary_metrics(y, p, version.threshold)
    return replace(
        found, roc=roc_points(y, p), metrics=measured.as_dict(), confusion=measured.confusion
    )


def _judging_rows(settings: Settings, version: Version) -> pd.DataFrame:
    """What the version's run held out, of a retraining the newest alone: they come last."""
    rows = own_holdout(settings, version)
    if judged(version).rows != "production":
        return rows
    stored = runs.artifact_json(settings, version.run_id, RECENT_PROFILE)
    return rows.tail(ReferenceProfile.from_dict(stored).reference.judging_rows)


def known_evidence(settings: Settings, versions: Sequence[Version]) -> list[Evidence]:
    """That of the versions whose runs still have it; foreign and damaged ones are left out."""
    found = []
    for version in versions:
        try:
            found.append(evidence(settings, version))
        except (CourtsideError, KeyError, TypeError, ValueError):
            continue
    return found


def roc_overlay(found: Sequence[Evidence], strong: str | None = None) -> Figure:
    """ROC curves, one a version; ``strong`` is the label of the one to stress."""
    from core.evaluation.figures import roc_figure

    return roc_figure({one.version.label: one.roc for one in found}, strong)


def importance_sides(found: Sequence[Evidence], strong: str | None = None) -> Figure:
    """Importance of the raw columns, versions side by side."""
    from core.evaluation.figures import importance_comparison_figure

    return importance_comparison_figure(
        {one.version.label: one.importance for one in found}, strong
    )


def confusion_chart(one: Evidence, class_names: tuple[str, str]) -> Figure:
    """Decisions against outcomes; ``class_names``: of class 0, of class 1."""
    from core.evaluation.figures import confusion_figure

    cells = one.confusion
    counts = [
        [cells.true_negatives, cells.false_positives],
        [cells.false_negatives, cells.true_positives],
    ]
    return confusion_figure(counts, class_names)


def probability_chart(settings: Settings, project: str, version: Version) -> Figure:
    """Probabilities on the rows that judged it by outcome; NotReady if the run kept none."""
    from core.evaluation.figures import probability_histogram

    aim = specs.load(settings.spec_file(project)).target
    rows = _judging_rows(settings, version)
    if aim.column not in rows.columns:
        raise NotReady(f"{version.label} was trained on another target than {aim.column}.")
    return probability_histogram(
        rows["probability"].to_numpy(float),
        version.threshold,
        rows[aim.column].to_numpy(float),
        (aim.negative_words, aim.positive_words),
    )
