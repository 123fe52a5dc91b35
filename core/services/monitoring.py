"""Drift monitoring: the inference log against the champion's training data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core import charts
from core.dataset import io
from core.dataset import spec as specs
from core.dataset.prepare import derive
from core.dataset.spec import ProjectSpec
from core.dataset.validate import coerce, read_labels, require_columns
from core.errors import NotReady, SchemaError
from core.monitoring import late_labels
from core.monitoring.domain import DomainResult, domain_classifier
from core.monitoring.drift import FeatureDrift, feature_drift, prediction_drift
from core.monitoring.estimate import Estimate, estimate_performance
from core.monitoring.late_labels import LabelCount
from core.monitoring.policy import Alert, Assessment, assess
from core.monitoring.profile import ReferenceProfile
from core.monitoring.realised import explain_performance
from core.monitoring.thresholds import FALSE_ALARM_RATE
from core.scoring.live_log import LIVE_ROWS, LiveLog
from core.scoring.log import open_log
from core.settings import Settings
from core.tracking import registry, runs
from core.tracking.registry import Version

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["LIVE_ROWS", "Alert", "LabelCount", "LiveLog"]  # what pages get from further below


@dataclass(frozen=True)
class Window:
    """Rows of the inference log with the derived features, against one version's profile.

    ``label`` is 1, 0 or nan; ``ours`` marks the rows that this version itself scored; ``first``
    and ``last`` are when the oldest and the newest row were logged.
    """

    version: Version
    profile: ReferenceProfile
    frame: pd.DataFrame
    probability: np.ndarray
    label: np.ndarray
    ours: np.ndarray
    first: datetime | None = None
    last: datetime | None = None

    @property
    def rows(self) -> int:
        return len(self.frame)


@dataclass(frozen=True)
class Report:
    """All findings about a window. ``realised`` is None without any label of the version's rows."""

    window: Window
    drift: list[FeatureDrift]
    prediction: FeatureDrift | None
    domain: DomainResult
    estimate: Estimate
    realised: dict[str, Any] | None
    explanation: list[str]
    assessment: Assessment
    labels: LabelCount | None = None


def monitor(
    settings: Settings,
    project: str,
    since: datetime | None = None,
    until: datetime | None = None,
    labels_file: Path | None = None,
    rate: float = FALSE_ALARM_RATE,
    last_rows: int | None = None,
) -> tuple[dict[str, Any], Report]:
    """Judge a window of the log and put it on record; the contract's JSON and the findings.

    ``last_rows`` takes the newest rows and leaves ``since`` and ``until`` aside.
    """
    spec = specs.load(settings.spec_file(project))
    counted = None
    if labels_file is not None:
        counted = add_labels(settings, spec, labels_file)
    window = read_window(settings, project, since, until, last_rows)
    parameters = {
        "version": window.version.version,
        "since": since.isoformat() if since else "",
        "until": until.isoformat() if until else "",
        "last_rows": last_rows or "",
        "false_alarm_rate": rate,
    }
    tags = {"version": window.version.version}
    with runs.action(settings, project, "monitor", params=parameters, tags=tags) as run:
        report = judge(window, rate, counted)
        result = as_json(report, run.run_id)
        run.metrics({"rows": window.rows})
        run.metrics({f.name: f.psi for f in report.drift}, prefix="psi_")
        if report.realised:
            run.metrics(
                {k: v["value"] for k, v in report.realised.items() if isinstance(v, dict)},
                prefix="prod_",
            )
        run.tags({"level": report.assessment.level, "verdict": report.assessment.verdict[:4000]})
        run.json(result, "monitor.json")
        _save_figures(settings, project, report, run)
    return result, report


def read_window(
    settings: Settings,
    project: str,
    since: datetime | None = None,
    until: datetime | None = None,
    last_rows: int | None = None,
) -> Window:
    """The rows to judge and the champion's profile; NotReady if nothing is logged there."""
    spec = specs.load(settings.spec_file(project))
    version = registry.find(settings, project)
    log = open_log(settings, spec)
    rows = log.tail(last_rows) if last_rows else log.read_window(since, until)
    if rows.empty:
        where = " in this window" if since or until else " yet"
        raise NotReady(f"No prediction has been logged{where}; score a production file first.")
    return make_window(settings, spec, version, rows)


def make_window(
    settings: Settings, spec: ProjectSpec, version: Version, rows: pd.DataFrame
) -> Window:
    """A window from rows of the log, with late labels joined."""
    import pandas as pd

    stored = runs.artifact_json(settings, version.run_id, "reference_profile.json")
    values = coerce(rows, spec, "The inference log").values
    label = rows["label"].to_numpy(dtype=float, na_value=np.nan)
    late = late_labels.read(_labels_path(settings, spec.name))
    if late:
        joined = rows["prediction_id"].map(late).to_numpy(dtype=float, na_value=np.nan)
        label = np.where(np.isnan(label), joined, label)
    return Window(
        version=version,
        # Raw columns that only feed derived features would be counted twice.
        profile=ReferenceProfile.from_dict(stored).restricted(spec.features),
        frame=pd.concat([values, derive(values, spec)], axis=1).reset_index(drop=True),
        probability=rows["probability"].to_numpy(dtype=float),
        label=label,
        ours=(rows["model_version"].astype(str) == version.version).to_numpy(),
        first=rows["logged_at"].min().to_pydatetime() if len(rows) else None,
        last=rows["logged_at"].max().to_pydatetime() if len(rows) else None,
    )


def judge(
    window: Window, rate: float = FALSE_ALARM_RATE, labels: LabelCount | None = None
) -> Report:
    """All findings about a window; probabilities and labels of the champion's own rows only."""
    drift = feature_drift(window.profile, window.frame, rate)
    ours = window.ours
    probability, label = window.probability[ours], window.label[ours]
    prediction = None
    if ours.any() and window.profile.probability is not None:
        prediction = prediction_drift(window.profile, probability, rate)
    domain = domain_classifier(window.profile, window.frame)
    estimate = estimate_performance(
        window.profile,
        window.frame[ours],
        probability,
        window.version.threshold,
        domain=domain,
        drift=drift,
    )
    reference = reference_metrics(window.version)
    realised = _realised(label, probability, window.version.threshold)
    explanation = []
    if (~np.isnan(label)).any():
        explanation = explain_performance(label, probability, window.version.threshold, reference)
    return Report(
        window=window,
        drift=drift,
        prediction=prediction,
        domain=domain,
        estimate=estimate,
        realised=realised,
        explanation=explanation,
        assessment=assess(drift, estimate, realised, reference, domain, prediction),
        labels=labels,
    )


def as_json(report: Report, run_id: str) -> dict[str, Any]:
    """The contract's JSON of a report."""
    estimate = report.estimate
    return {
        "run_id": run_id,
        "version": report.window.version.version,
        "rows": report.window.rows,
        "features": {one.name: _plain(asdict(one)) for one in report.drift},
        "prediction": _plain(asdict(report.prediction)) if report.prediction else None,
        "domain": {
            "roc_auc": report.domain.roc_auc,
            "importances": dict(report.domain.importances),
        },
        "estimated": {
            "status": estimate.status,
            "reason": estimate.reason,
            **{name: _plain(asdict(i)) for name, i in estimate.metrics.items()},
        },
        "realised": report.realised,
        "explanation": report.explanation,
        "labels": asdict(report.labels) if report.labels else None,
        "alerts": [asdict(alert) for alert in report.assessment.alerts],
        "level": report.assessment.level,
        "verdict": report.assessment.verdict,
    }


def follow(settings: Settings, project: str) -> LiveLog:
    """The end of the project's log, followed: each poll reads only what is new."""
    return LiveLog(open_log(settings, specs.load(settings.spec_file(project))))


def live_window(settings: Settings, project: str, log: LiveLog) -> Window:
    """The rows that a followed log holds now; NotReady if nothing has been logged."""
    rows, _ = log.poll()
    if rows.empty:
        raise NotReady("No prediction has been logged yet; score a production file first.")
    spec = specs.load(settings.spec_file(project))
    return make_window(settings, spec, registry.find(settings, project), rows)


def labels_token(settings: Settings, project: str) -> int:
    """Changes whenever late labels have been added; 0 before the first."""
    path = _labels_path(settings, project)
    return path.stat().st_mtime_ns if path.is_file() else 0


def add_labels(settings: Settings, spec: ProjectSpec, path: Path) -> LabelCount:
    """Take labels that came late: a file with ``prediction_id`` and the target's column.

    They are kept beside the log, which stays as it is. An id that the log does not know, one
    given twice, and one that contradicts an earlier label are counted; the first label stays.
    """
    names = io.column_names(path)
    if "prediction_id" not in names:
        raise SchemaError(
            f"{path.name} needs the column prediction_id, which every scored file has, beside "
            f"the labels in {spec.target.column!r}; join it from there and try again."
        )
    require_columns(names, [spec.target.column], path.name)
    table = io.read_table(path, ["prediction_id", spec.target.column])
    labels = read_labels(table[spec.target.column], spec, path.name)
    given = ~np.isnan(labels)
    if not given.any():
        raise SchemaError(f"{path.name} holds no label; fill in {spec.target.column!r}.")
    log = open_log(settings, spec).read_window()
    known = dict(
        zip(log["prediction_id"], log["label"].to_numpy(float, na_value=np.nan), strict=True)
    )
    ids = table["prediction_id"].astype(str)[given]
    return late_labels.add(_labels_path(settings, spec.name), known, ids, labels[given])


def _labels_path(settings: Settings, project: str) -> Path:
    return settings.layer(project, "07_model_output") / "late_labels.parquet"


def reference_metrics(version: Version) -> dict[str, float]:
    """The version's metrics on its own holdout, by name without the prefix ``test_``."""
    return {k.removeprefix("test_"): v for k, v in version.metrics.items() if k[:5] == "test_"}


def _realised(
    label: np.ndarray, probability: np.ndarray, threshold: float
) -> dict[str, Any] | None:
    from core.evaluation.resampling import bootstrap_intervals

    known = ~np.isnan(label)
    if not known.any():
        return None
    y, p = label[known].astype(np.int8), probability[known]
    intervals = bootstrap_intervals(y, p, threshold, resamples=200)
    return {
        "labelled_rows": int(known.sum()),
        **{name: interval.as_dict() for name, interval in intervals.items()},
    }


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: None if isinstance(value, float) and not np.isfinite(value) else value
        for name, value in values.items()
    }


def _save_figures(settings: Settings, project: str, report: Report, run: runs.RunLog) -> None:
    from core.monitoring.figures import drift_bars

    figure = drift_bars(report.drift)
    charts.save(figure, settings.layer(project, "08_reporting") / "drift.html")
    run.figure(figure, "figures/drift.html")
