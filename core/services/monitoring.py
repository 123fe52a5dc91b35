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
from core.files import file_lock
from core.inference_log import Position
from core.monitoring.domain import DomainResult, domain_classifier
from core.monitoring.drift import FeatureDrift, feature_drift, prediction_drift
from core.monitoring.estimate import Estimate, estimate_performance
from core.monitoring.policy import Assessment, assess
from core.monitoring.profile import ReferenceProfile
from core.monitoring.realised import explain_performance
from core.monitoring.thresholds import FALSE_ALARM_RATE
from core.scoring.log import open_log
from core.settings import Settings
from core.tracking import registry, runs
from core.tracking.registry import Version

if TYPE_CHECKING:
    import pandas as pd

LIVE_ROWS = 20_000
ESTIMATED = ("roc_auc", "log_loss", "f1", "accuracy", "precision", "recall")


@dataclass(frozen=True)
class Window:
    """Rows of the inference log with the derived features, against one version's profile.

    ``label`` is 1, 0 or nan; ``ours`` marks the rows that this version itself scored.
    """

    version: Version
    profile: ReferenceProfile
    frame: pd.DataFrame
    probability: np.ndarray
    label: np.ndarray
    ours: np.ndarray

    @property
    def rows(self) -> int:
        return len(self.frame)


@dataclass(frozen=True)
class Report:
    """All findings about a window. ``realised`` is None without labels of both classes."""

    window: Window
    drift: list[FeatureDrift]
    prediction: FeatureDrift | None
    domain: DomainResult
    estimate: Estimate
    realised: dict[str, Any] | None
    explanation: list[str]
    assessment: Assessment
    labels: LabelCount | None = None


@dataclass(frozen=True)
class LabelCount:
    """What a label file brought: joined, unknown ids, repeated, contradicting the log."""

    joined: int
    unknown: int
    repeated: int
    contradicting: int


def monitor(
    settings: Settings,
    project: str,
    since: datetime | None = None,
    until: datetime | None = None,
    labels_file: Path | None = None,
    rate: float = FALSE_ALARM_RATE,
) -> tuple[dict[str, Any], Report]:
    """Judge a window of the log and put it on record; the contract's JSON and the findings."""
    spec = specs.load(settings.spec_file(project))
    counted = None
    if labels_file is not None:
        counted = add_labels(settings, spec, labels_file)
    window = read_window(settings, project, since, until)
    parameters = {
        "version": window.version.version,
        "since": since.isoformat() if since else "",
        "until": until.isoformat() if until else "",
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
    late = late_labels(settings, spec.name)
    if late:
        joined = rows["prediction_id"].map(late).to_numpy(dtype=float, na_value=np.nan)
        label = np.where(np.isnan(label), joined, label)
    return Window(
        version=version,
        profile=ReferenceProfile.from_dict(stored),
        frame=pd.concat([values, derive(values, spec)], axis=1).reset_index(drop=True),
        probability=rows["probability"].to_numpy(dtype=float),
        label=label,
        ours=(rows["model_version"].astype(str) == version.version).to_numpy(),
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
    reference = _reference_metrics(window.version)
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


class LiveLog:
    """Follows the log: each ``poll`` reads only what has been appended since the last one."""

    def __init__(self, settings: Settings, project: str) -> None:
        self._settings = settings
        self._spec = specs.load(settings.spec_file(project))
        self._log = open_log(settings, self._spec)
        self._position: Position | None = None
        self._rows: pd.DataFrame | None = None

    def poll(self) -> tuple[pd.DataFrame, int]:
        """The last ``LIVE_ROWS`` rows known, and how many of them are new since the last poll."""
        import pandas as pd

        if self._rows is None or self._position is None:
            self._position = self._log.end()
            self._rows = self._log.tail(LIVE_ROWS)
            return self._rows, len(self._rows)
        fresh, self._position = self._log.read_from(self._position)
        if len(fresh):
            self._rows = pd.concat([self._rows, fresh], ignore_index=True).tail(LIVE_ROWS)
        return self._rows, len(fresh)


def add_labels(settings: Settings, spec: ProjectSpec, path: Path) -> LabelCount:
    """Take labels that came late: a file with ``prediction_id`` and the target's column.

    They are kept beside the log, which stays as it is. An id that the log does not know, one
    given twice, and one that contradicts an earlier label are counted; the first label stays.
    """
    require_columns(io.column_names(path), ["prediction_id", spec.target.column], path.name)
    table = io.read_table(path, ["prediction_id", spec.target.column])
    labels = read_labels(table[spec.target.column], spec, path.name)
    given = ~np.isnan(labels)
    if not given.any():
        raise SchemaError(f"{path.name} holds no label; fill in {spec.target.column!r}.")
    log = open_log(settings, spec).read_window()
    known = dict(
        zip(log["prediction_id"], log["label"].to_numpy(float, na_value=np.nan), strict=True)
    )
    target = _labels_path(settings, spec.name)
    with file_lock(target.with_suffix(".lock")):
        late = late_labels(settings, spec.name)
        counts = _merge(late, known, table["prediction_id"].astype(str)[given], labels[given])
        _write_labels(target, late)
    return counts


def late_labels(settings: Settings, project: str) -> dict[str, float]:
    """Labels that came after scoring, by prediction id."""
    path = _labels_path(settings, project)
    if not path.is_file():
        return {}
    table = io.read_table(path)
    return dict(zip(table["prediction_id"], table["label"].astype(float), strict=True))


def _merge(
    late: dict[str, float], known: Mapping[str, float], ids: Any, labels: np.ndarray
) -> LabelCount:
    joined = unknown = repeated = contradicting = 0
    for name, label in zip(ids, labels, strict=True):
        if name not in known:
            unknown += 1
            continue
        before = late.get(name, known[name])
        if np.isnan(before):
            late[name] = float(label)
            joined += 1
        elif before == label:
            repeated += 1
        else:
            contradicting += 1
    return LabelCount(joined, unknown, repeated, contradicting)


def _write_labels(target: Path, late: Mapping[str, float]) -> None:
    import pandas as pd

    if late:
        table = pd.DataFrame({"prediction_id": list(late), "label": list(late.values())})
        io.write_table(table, target)


def _labels_path(settings: Settings, project: str) -> Path:
    return settings.layer(project, "07_model_output") / "late_labels.parquet"


def _reference_metrics(version: Version) -> dict[str, float]:
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
