"""One window of the timeline, judged: from its tally to its figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.dataset.monitoring_policy import MonitoringPolicy
from core.monitoring.distances import psi
from core.monitoring.drops import drops
from core.monitoring.estimate import MAX_DOMAIN_AUC, MAX_OUTSIDE_SHARE, Interval
from core.monitoring.features import Array, FeatureProfile, NumericFeature
from core.monitoring.profile import ReferenceProfile
from core.monitoring.score_bins import CalibrationCurves, ScoreBins, estimated, realised
from core.monitoring.thresholds import MIN_ROWS, Level, level_of, psi_threshold
from core.monitoring.window_tally import NEGATIVE, POSITIVE, WindowTally
from core.monitoring.words import percent

PROBABILITY = "the model's probability"


@dataclass(frozen=True)
class WindowResult:
    """A window's figures. ``worst`` is the feature whose PSI lies furthest above its threshold.

    ``drift`` is PSI over threshold for it: above 1 is more than chance; None where there are too
    few rows. ``psi``: by feature. ``estimated`` and ``realised``: metrics with 95% intervals;
    ``refused`` says why nothing was estimated. ``forming``: rows may still come.
    """

    key: str
    label: str
    first: str
    last: str
    rows: int
    forming: bool
    level: Level
    worst: str
    worst_psi: float | None
    threshold: float | None
    drift: float | None
    psi: Mapping[str, float]
    estimated: Mapping[str, Interval]
    refused: str
    realised: Mapping[str, Interval]
    labelled_rows: int


@dataclass(frozen=True, eq=False)
class Judge:
    """What judging a tally takes: made once for a version and kept."""

    profile: ReferenceProfile
    bins: ScoreBins
    curves: CalibrationCurves
    reference: Mapping[str, Any]  # as judgement.reference_figures gives it
    policy: MonitoringPolicy

    def result(
        self,
        tally: WindowTally,
        key: str,
        label: str,
        forming: bool,
        late: tuple[Array, Array] | None = None,
        known_estimate: tuple[Mapping[str, Interval], str] | None = None,
    ) -> WindowResult:
        """The window's figures; ``late``: (positives, negatives) per bin that came afterwards.

        ``known_estimate``: what ``estimate`` gave for this tally before.
        """
        found, refused = known_estimate or self.estimate(tally)
        positives, negatives = tally.scores[POSITIVE], tally.scores[NEGATIVE]
        if late is not None:
            positives, negatives = positives + late[0], negatives + late[1]
        labelled = int(positives.sum() + negatives.sum())
        seen: dict[str, Interval] = {}
        if labelled >= MIN_ROWS:
            seen = realised(self.bins, positives, negatives, tally.values(self.bins))
        worst, levels = self._drift(tally)
        return WindowResult(
            key=key,
            label=label,
            first=tally.first,
            last=tally.last,
            rows=tally.rows,
            forming=forming,
            level=_worst_level([*levels, *self._drop_levels(seen, found)]),
            worst=worst[0],
            worst_psi=worst[1],
            threshold=worst[2],
            drift=worst[1] / worst[2] if worst[1] is not None and worst[2] else None,
            psi=self._psi(tally),
            estimated=found,
            refused=refused,
            realised=seen,
            labelled_rows=labelled,
        )

    def estimate(self, tally: WindowTally) -> tuple[Mapping[str, Interval], str]:
        """Metrics without labels, or why there are none (see estimate)."""
        rows = tally.scores.sum(axis=0)
        if rows.sum() < MIN_ROWS:
            scored = int(rows.sum())
            few = f"too few rows scored by this version ({scored})"
            return {}, few if scored else "no row was scored by this version"
        if reason := self.curves.reason or self._left_training(tally):
            return {}, reason
        return estimated(self.bins, self.curves, rows, tally.values(self.bins)), ""

    def _left_training(self, tally: WindowTally) -> str:
        """Why nothing may be estimated, by the counts of single features; "" if it may.

        One feature's bins, ranked by how much likelier they are here than in training, already
        tell the rows apart with some ROC AUC; all features together can only do better.
        """
        kind = self.profile.reference.kind
        for name, feature in self.profile.features.items():
            counts = tally.counts[name]
            outside = _outside_share(feature, counts)
            if outside > MAX_OUTSIDE_SHARE:
                return f"{percent(outside)} of {name} are unlike any {kind} value"
            if _single_auc(np.asarray(feature.counts), counts) >= MAX_DOMAIN_AUC:
                return f"{name} alone tells these rows from {kind} rows"
        return ""

    def _psi(self, tally: WindowTally) -> dict[str, float]:
        found = {
            name: psi(feature.counts, tally.counts[name])
            for name, feature in self.profile.features.items()
        }
        return {name: value for name, value in found.items() if np.isfinite(value)}

    def _drift(
        self, tally: WindowTally
    ) -> tuple[tuple[str, float | None, float | None], list[Level]]:
        tested: list[tuple[str, FeatureProfile, Array]] = [
            (name, feature, tally.counts[name]) for name, feature in self.profile.features.items()
        ]
        if self.profile.probability is not None and tally.predicted.sum():
            tested.append((PROBABILITY, self.profile.probability, tally.predicted))
        furthest: tuple[str, float | None, float | None] = ("", None, None)
        furthest_ratio, levels = -1.0, []
        for name, feature, counts in tested:
            rows = int(counts.sum())
            value = psi(feature.counts, counts)
            if rows < MIN_ROWS or not feature.rows or not np.isfinite(value):
                levels.append(level_of(float("nan"), None, rows))
                continue
            threshold = psi_threshold(
                feature.counts, feature.expected, rows, self.policy.false_alarms, len(tested)
            )
            levels.append(level_of(value, threshold, rows))
            ratio = value / threshold if threshold else 0.0
            if ratio > furthest_ratio and name != PROBABILITY:  # it follows from the features
                furthest, furthest_ratio = (name, value, threshold), ratio
        if self.policy.drift == "off":
            levels = ["ok" if level != "unknown" else level for level in levels]
        elif self.policy.drift == "warning":
            levels = ["warning" if level == "alarm" else level for level in levels]
        return furthest, levels

    def _drop_levels(
        self, seen: Mapping[str, Interval], found: Mapping[str, Interval]
    ) -> list[Level]:
        levels: list[Level] = []
        by_source = (
            (drops(seen, self.reference, "on labelled rows", self.policy), self.policy.realised),
            (drops(found, self.reference, "by estimate", self.policy), self.policy.estimated),
        )
        for fallen, loudest in by_source:
            for drop in fallen:
                severe = drop.loss >= self.policy.alarm_drop and loudest == "alarm"
                if loudest != "off":
                    levels.append("alarm" if severe else "warning")
        return levels


def _outside_share(feature: FeatureProfile, counts: Array) -> float:
    present = counts[:-1].sum()
    if not present:
        return 0.0
    if isinstance(feature, NumericFeature):
        return float((counts[0] + counts[-2]) / present)
    return float(counts[-2] / present) if feature.complete else 0.0


def _single_auc(before: Array, after: Array) -> float:
    """ROC AUC of telling two histograms' rows apart by their bins' likelihood ratio.

    Source: Neyman & Pearson, 1933: no other use of these bins does better.
    """
    if not before.sum() or not after.sum():
        return 0.5
    p, q = before / before.sum(), after / after.sum()
    order = np.argsort(q / np.maximum(p, 1e-12), kind="stable")
    p, q = p[order], q[order]
    return float((q * (np.cumsum(p) - p / 2)).sum())


def _worst_level(levels: list[Level]) -> Level:
    order: tuple[Level, ...] = ("alarm", "warning", "ok")
    return next((level for level in order if level in levels), "unknown")
