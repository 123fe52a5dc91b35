"""The timeline of the Monitor page: windows of the log, each row read once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.dataset import spec as specs
from core.dataset.monitoring_policy import MonitoringPolicy
from core.inference_log import Position
from core.monitoring import late_labels, places, policy_file
from core.monitoring.judgement import reference_metrics
from core.monitoring.score_bins import CalibrationCurves, ScoreBins
from core.monitoring.timeline import Timeline
from core.monitoring.timeline_value import Judge, WindowResult
from core.monitoring.window import watched_profile
from core.monitoring.windows import EVERY, Cut
from core.scoring.log import open_log
from core.settings import Settings
from core.tracking import registry, runs

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["EVERY", "Cut", "LiveTimeline", "WindowResult"]  # what pages get from further below


@dataclass
class LiveTimeline:
    """A timeline that is looked at again and again; each look reads only the rows that came."""

    settings: Settings
    project: str
    timeline: Timeline
    reference: Mapping[str, float]

    def refresh(self, progress: Callable[[int], None] | None = None) -> list[WindowResult]:
        """All windows, the oldest first; ``progress`` is told how many rows are through."""
        path = places.labels_path(self.settings, self.project)
        token = places.written(path)
        return self.timeline.refresh(late_labels.table(path), token, progress)


def open_timeline(
    settings: Settings, project: str, cut: Cut, policy: MonitoringPolicy | None = None
) -> LiveTimeline:
    """The timeline of the champion's windows, cut in one way; NotReady without a champion."""
    spec = specs.load(settings.spec_file(project))
    version = registry.find(settings, project)
    stored = runs.artifact_json(settings, version.run_id, "reference_profile.json")
    profile = watched_profile(stored, spec)
    bins = ScoreBins.at(version.threshold)
    judge = Judge(
        profile,
        bins,
        CalibrationCurves.of(profile, bins),
        reference_metrics(version),
        policy or policy_file.in_force(settings, spec),
    )
    log = open_log(settings, spec)

    def read(position: Mapping[str, int] | None, most: int) -> tuple[pd.DataFrame, dict[str, int]]:
        place = None if position is None else Position.from_json(position)
        rows, after = log.read_from(place, most)
        return rows, after.as_json()

    folder = places.timeline_dir(settings, project)
    timeline = Timeline(folder, cut, spec, version.version, judge, read)
    return LiveTimeline(settings, project, timeline, reference_metrics(version))
