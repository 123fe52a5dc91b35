"""Where monitoring keeps its files."""

from __future__ import annotations

from pathlib import Path

from core.settings import Settings


def labels_path(settings: Settings, project: str) -> Path:
    """Labels that came after scoring."""
    return settings.layer(project, "07_model_output") / "late_labels.parquet"


def alerts_path(settings: Settings, project: str) -> Path:
    """Alerts, as events; only ever appended to."""
    return settings.layer(project, "07_model_output") / "alerts.jsonl"


def prepared_path(settings: Settings, project: str) -> Path:
    """The retraining that an alarm called for, ready to be started."""
    return settings.layer(project, "07_model_output") / "prepared_retraining.json"


def policy_path(settings: Settings, project: str) -> Path:
    """What the Monitor page changed in the policy of the specification."""
    return settings.project_dir(project) / "monitoring.json"


def timeline_dir(settings: Settings, project: str) -> Path:
    """Windows that were judged once; derived from the log, and made again where deleted."""
    return settings.layer(project, "08_reporting") / "timeline"


def written(path: Path) -> int:
    """When a file was last written, in nanoseconds; 0 where there is none."""
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:
        return 0
