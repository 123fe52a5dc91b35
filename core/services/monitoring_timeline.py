"""The timeline of the Monitor page: windows of the log, each row read once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from core.dataset import spec as specs
from core.dataset.monitoring_policy import MonitoringPolicy
from core.inference_log import Position, RowSpan
from core.monitoring import late_labels, places, policy_file
from core.monitoring.judgement import reference_figures, reference_metrics
from core.monitoring.reference import Reference, profile_name
from core.monitoring.score_bins import CalibrationCurves, ScoreBins
from core.monitoring.timeline import Timeline
from core.monitoring.timeline_value import Judge, WindowResult
from core.monitoring.window import watched_profile
from core.monitoring.windows import EVERY, Cut, CutKind
from core.scoring.log import open_log
from core.scoring.selection import Selection
from core.settings import Settings
from core.tracking import registry, runs

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "EVERY",
    "Cut",
    "CutKind",
    "LiveTimeline",
    "WindowResult",
]  # what pages get from further below


@dataclass
class LiveTimeline:
    """A timeline that is looked at again and again; each look reads only the rows that came.

    Any number of threads may look; they take turns.
    """

    settings: Settings
    project: str
    timeline: Timeline
    reference: Mapping[str, float]
    held_against: Reference
    turn: threading.Lock = field(default_factory=threading.Lock)
    late: tuple[int, pd.DataFrame] | None = None

    def refresh(self, progress: Callable[[int], None] | None = None) -> list[WindowResult]:
        """All windows, the oldest first; ``progress`` is told how many rows are through."""
        path = places.labels_path(self.settings, self.project)
        token = places.written(path)
        with self.turn:
            if self.late is None or self.late[0] != token:
                self.late = (token, late_labels.table(path))
            return self.timeline.refresh(self.late[1], token, progress)


def selection_of(cut: Cut, window: WindowResult) -> Selection | RowSpan:
    """The rows of a window, to be judged in full.

    Windows by count are known by place: they begin and end inside a batch, whose rows were all
    logged at one moment.
    """
    family, _, name = window.key.partition("|")
    if cut.kind == "source":
        return Selection(source=name)
    if cut.kind == "version":
        return Selection(model_version=name)
    if cut.kind == "batch" and not family:
        return Selection(request_id=name)
    if cut.kind == "count":
        return RowSpan(int(name) * cut.size, cut.size)
    start = datetime.strptime(name, "%Y-%m-%d %H:%M").replace(tzinfo=UTC)
    length = {"1h": timedelta(hours=1), "7D": timedelta(days=7)}
    days = timedelta(days=1)
    until = start + (length.get(cut.every, days) if cut.kind == "time" else days)
    return Selection(since=start, until=until, source=family or None)


def open_timeline(
    settings: Settings, project: str, cut: Cut, policy: MonitoringPolicy | None = None
) -> LiveTimeline:
    """The timeline of the champion's windows, cut in one way; NotReady without a champion."""
    spec = specs.load(settings.spec_file(project))
    version = registry.find(settings, project)
    stored = runs.artifact_json(settings, version.run_id, profile_name(version.metrics))
    profile = watched_profile(stored, spec)
    bins = ScoreBins.at(version.threshold)
    judge = Judge(
        profile,
        bins,
        CalibrationCurves.of(profile, bins),
        reference_figures(version, profile),
        policy or policy_file.in_force(settings, spec),
    )
    log = open_log(settings, spec)

    def read(position: Mapping[str, int] | None, most: int) -> tuple[pd.DataFrame, dict[str, int]]:
        place = None if position is None else Position.from_json(position)
        rows, after = log.read_from(place, most)
        return rows, after.as_json()

    folder = places.timeline_dir(settings, project)
    timeline = Timeline(folder, cut, spec, version.version, judge, read)
    return LiveTimeline(settings, project, timeline, reference_metrics(version), profile.reference)
