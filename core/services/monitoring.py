"""Drift monitoring: the inference log against what the champion was made for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core import charts
from core.dataset import io
from core.dataset import spec as specs
from core.dataset.monitoring_policy import MonitoringPolicy
from core.dataset.spec import ProjectSpec
from core.dataset.validate import require_columns
from core.errors import BadInput, CourtsideError, NotReady, SchemaError
from core.files import write_text
from core.inference_log import InferenceLog, RowSpan
from core.monitoring import (
    label_file,
    late_labels,
    places,
    policy_file,
    report_page,
    webhook,
)
from core.monitoring.alert_book import AlertBook, Recorded
from core.monitoring.drift import FeatureDrift
from core.monitoring.effect import Predict
from core.monitoring.figures import drift_bars
from core.monitoring.gathering import MOST_ROWS, gathered_window
from core.monitoring.judgement import Report, as_json, judge, judged_rules, reference_metrics
from core.monitoring.late_labels import LabelCount
from core.monitoring.policy import Alert, Standing
from core.monitoring.profile import ReferenceProfile
from core.monitoring.reference import Reference, profile_name
from core.monitoring.window import Window, unscored_window, watched_profile
from core.scoring import row_ids
from core.scoring.feature_predict import on_features
from core.scoring.live_log import LIVE_ROWS, LiveLog
from core.scoring.log import open_log
from core.scoring.selection import Selection
from core.settings import Settings
from core.tracking import models, registry, runs
from core.tracking.registry import Version

if TYPE_CHECKING:
    import pandas as pd

# What pages get from further below.
__all__ = [
    "LIVE_ROWS",
    "Alert",
    "FeatureDrift",
    "LabelCount",
    "LiveLog",
    "Reference",
    "Report",
    "RowSpan",
    "Selection",
    "Standing",
    "Window",
    "as_json",
    "judge",
    "reference_metrics",
]

MOST_UPLOADED_ROWS = 1_000_000
Chosen = Selection | RowSpan  # rows of the log by what they are, or by their place


def monitor(
    settings: Settings,
    project: str,
    since: datetime | None = None,
    until: datetime | None = None,
    labels_file: Path | None = None,
    last_rows: int | None = None,
    selection: Chosen | None = None,
) -> tuple[dict[str, Any], Report]:
    """Judge rows of the log and put it on record; the contract's JSON and the findings.

    ``last_rows`` takes the newest rows; ``selection`` stands in place of all three. Alerts open
    or resolve by what is found, and are told to the project's webhook beside this call.
    """
    selection = selection or Selection(since, until, last_rows)
    spec = specs.load(settings.spec_file(project))
    policy = policy_file.in_force(settings, spec)
    counted = add_labels(settings, spec, labels_file) if labels_file is not None else None
    window = read_window(settings, project, selection=selection)
    version = window.version.version
    parameters = {
        "version": version,
        **selection.parameters(),
        "false_alarm_rate": policy.false_alarms,
    }
    tags = {"version": version}
    with runs.action(settings, project, "monitor", params=parameters, tags=tags) as run:
        report = findings(settings, spec, window, policy, counted)
        kept = _keep_alerts(settings, project, report, run.run_id)
        result = as_json(report, run.run_id)
        _record(settings, spec, report, result, kept, run)
    book = AlertBook(places.alerts_path(settings, project))
    address = policy_file.webhook_of(policy)
    if address and book.pending(policy.quiet_hours):
        webhook.tell_in_background(
            book, address, project, spec.title, result["verdict"], policy.quiet_hours
        )
    return result, report


def findings(
    settings: Settings,
    spec: ProjectSpec,
    window: Window,
    policy: MonitoringPolicy | None = None,
    labels: LabelCount | None = None,
) -> Report:
    """All findings about a window, by the project's policy, with the model at hand."""
    policy = policy or policy_file.in_force(settings, spec)
    return judge(window, policy, labels, _predictor(settings, spec, window))


def read_window(
    settings: Settings,
    project: str,
    since: datetime | None = None,
    until: datetime | None = None,
    last_rows: int | None = None,
    selection: Chosen | None = None,
) -> Window:
    """The rows to judge and the champion's profile; NotReady if nothing is logged there.

    In bounded memory, however many they are: of very many, the window holds an even draw.
    """
    selection = selection or Selection(since, until, last_rows)
    spec = specs.load(settings.spec_file(project))
    narrow = isinstance(selection, RowSpan) or selection.is_narrow
    pieces = _pieces(open_log(settings, spec), selection)
    return _gathered(settings, spec, pieces, "in this window" if narrow else "yet")


def check_file(settings: Settings, project: str, path: Path, shown_as: str | None = None) -> Report:
    """Judge a file that was never scored: its drift only; nothing is logged or kept.

    Raises DataFileError or SchemaError for a file that does not fit the project.
    """
    what = shown_as or path.name
    spec = specs.load(settings.spec_file(project))
    version = registry.find(settings, project)
    require_columns(io.column_names(path), spec.raw_columns, what)
    if io.row_count(path) > MOST_UPLOADED_ROWS:
        raise SchemaError(
            f"{what} has over {MOST_UPLOADED_ROWS:,} rows, more than one look can take; "
            "give a part of it, such as the latest rows."
        )
    rows = io.read_table(path, list(spec.raw_columns), text=spec.categories)
    profile = profile_of(settings, spec, version)
    return findings(settings, spec, unscored_window(spec, version, profile, rows, what))


def report_html(settings: Settings, project: str, report: Report) -> str:
    """The report of a check as one page that needs nothing else."""
    title = specs.load(settings.spec_file(project)).title
    return report_page.html_of(report, title, datetime.now(UTC))


def write_report(settings: Settings, project: str, report: Report, path: Path) -> Path:
    """Write that page; returns ``path``, which must end in .html."""
    if path.suffix != ".html":
        raise BadInput(f"The report is an HTML page; give a name ending in .html, not {path.name}.")
    write_text(path, report_html(settings, project, report))
    return path


def follow(settings: Settings, project: str) -> LiveLog:
    """The end of the project's log, followed: each poll reads only what is new."""
    return LiveLog(open_log(settings, specs.load(settings.spec_file(project))))


def live_window(settings: Settings, project: str, log: LiveLog) -> Window:
    """The rows that a followed log holds now; NotReady if nothing has been logged."""
    rows, _ = log.poll()
    return _gathered(settings, specs.load(settings.spec_file(project)), [rows], "yet")


def labels_token(settings: Settings, project: str) -> int:
    """Changes whenever late labels have been added; 0 before the first."""
    return places.written(places.labels_path(settings, project))


def add_labels(settings: Settings, spec: ProjectSpec, path: Path) -> LabelCount:
    """Take labels that came late: a file with the target's column and ids.

    Ids are ``prediction_id``, or the project's own row id where that is absent: its label then
    holds for every prediction made for that row. They are kept beside the log, which stays as it
    is. An id that the log does not know, one given twice, and one that contradicts an earlier
    label are counted; the first label stays.
    """
    given = label_file.read(path, spec, row_ids.as_text)
    if given.column != label_file.PREDICTION_ID:
        folder = settings.layer(spec.name, "07_model_output")
        given = given.by_prediction(row_ids.predictions_of(folder, given.ids))
    log = open_log(settings, spec).stream()
    table = places.labels_path(settings, spec.name)
    return late_labels.add(table, log, given.ids, given.labels, given.empty)


def profile_of(settings: Settings, spec: ProjectSpec, version: Version) -> ReferenceProfile:
    """What the version is held against, with the model's features only."""
    stored = runs.artifact_json(settings, version.run_id, profile_name(version.metrics))
    return watched_profile(stored, spec)


def _pieces(log: InferenceLog, selection: Chosen) -> Iterator[pd.DataFrame]:
    """The chosen rows, oldest first, a few megabytes at a time, all with the same columns."""
    if isinstance(selection, RowSpan):
        found = log.stream(span=selection)
    elif selection.last_rows is None:
        found = _matching(log, selection)
    elif not selection.is_narrow:
        found = log.stream(last_rows=selection.last_rows)
    else:  # counted first, since too many might have to be held until the last are known
        surplus = sum(map(len, _matching(log, selection))) - selection.last_rows
        found = _without_first(_matching(log, selection), max(surplus, 0))
    columns = log.tail(0).columns  # a piece has those of its own segment
    return (piece.reindex(columns=columns) for piece in found)


def _gathered(
    settings: Settings, spec: ProjectSpec, pieces: Iterable[pd.DataFrame], where: str
) -> Window:
    version = registry.find(settings, spec.name)
    late = late_labels.read(places.labels_path(settings, spec.name))
    profile = profile_of(settings, spec, version)
    window = gathered_window(spec, version, profile, pieces, late, MOST_ROWS)
    if window is None:
        raise NotReady(f"No prediction has been logged {where}; score a production file first.")
    return window


def _matching(log: InferenceLog, selection: Selection) -> Iterator[pd.DataFrame]:
    return log.stream(selection.since, selection.until, where=selection.columns)


def _without_first(pieces: Iterator[pd.DataFrame], surplus: int) -> Iterator[pd.DataFrame]:
    for piece in pieces:
        skipped = min(surplus, len(piece))
        surplus -= skipped
        yield piece.iloc[skipped:]


def _predictor(settings: Settings, spec: ProjectSpec, window: Window) -> Predict | None:
    """The model on its features; None where it cannot be had, which costs only the effects."""
    try:
        pipeline = models.load_pipeline(settings, window.version)
    except CourtsideError:
        return None
    return on_features(pipeline, list(window.profile.features), bool(spec.derived))


def _keep_alerts(settings: Settings, project: str, report: Report, run_id: str) -> Recorded:
    book = AlertBook(places.alerts_path(settings, project))
    return book.record(
        report.assessment.alerts, judged_rules(report), run_id, report.window.version.version
    )


def _record(
    settings: Settings,
    spec: ProjectSpec,
    report: Report,
    result: dict[str, Any],
    kept: Recorded,
    run: runs.RunLog,
) -> None:
    assessment = report.assessment
    run.metrics({"rows": report.window.rows})
    run.metrics({f.name: f.psi for f in report.drift}, prefix="psi_")
    if report.realised:
        values = {k: v["value"] for k, v in report.realised.items() if isinstance(v, dict)}
        run.metrics(values, prefix="prod_")
    run.metrics(
        {
            "alerts_opened": len(kept.opened),
            "alerts_resolved": len(kept.resolved),
            "alerts_open": len(kept.opened) + len(kept.still_open),
        }
    )
    run.tags({"level": assessment.level, "verdict": assessment.verdict[:4000]})
    run.json(result, "monitor.json")
    run.json([asdict(alert) for alert in assessment.alerts], "alerts.json")
    figure = drift_bars(report.drift)
    charts.save(figure, settings.layer(spec.name, "08_reporting") / "drift.html")
    run.figure(figure, "figures/drift.html")
    path = settings.layer(spec.name, "08_reporting") / "monitor_report.html"
    run.file(write_report(settings, spec.name, report, path))
