"""All findings about one window, and the contract's JSON of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from core.dataset.monitoring_policy import MonitoringPolicy
from core.evaluation.resampling import bootstrap_intervals
from core.monitoring import reference as references
from core.monitoring.calibration import calibration_rows
from core.monitoring.domain import DomainResult, domain_classifier
from core.monitoring.drift import FeatureDrift
from core.monitoring.effect import FeatureEffect, Predict, drift_effects
from core.monitoring.estimate import Estimate, estimate_performance
from core.monitoring.late_labels import LabelCount
from core.monitoring.policy import Assessment, assess
from core.monitoring.profile import ReferenceProfile
from core.monitoring.realised import explain_performance
from core.monitoring.slices import FeatureSlices, drift_slices, loss_slices
from core.monitoring.thresholds import MIN_ROWS
from core.monitoring.unheard import Unheard, unheard_of
from core.monitoring.window import Rows, Watched, Window

UNSCORED = "These rows were not scored by this version, so there is nothing to estimate from."


@dataclass(frozen=True)
class Report:
    """All findings about a window. ``realised`` is None without any label of the version's rows.

    ``slices``: where each drifted feature moved; ``losses``: where performance is lost;
    ``effects``: what the model makes of each feature's drift, empty without the model.
    """

    window: Window
    drift: list[FeatureDrift]
    prediction: FeatureDrift | None
    domain: DomainResult
    estimate: Estimate
    realised: dict[str, Any] | None
    explanation: list[str]
    assessment: Assessment
    labels: LabelCount | None = None
    slices: tuple[FeatureSlices, ...] = ()
    losses: tuple[FeatureSlices, ...] = ()
    effects: tuple[FeatureEffect, ...] = ()
    policy: MonitoringPolicy = field(default_factory=MonitoringPolicy)

    @property
    def unheard(self) -> Unheard:
        """What labels cannot say of the version, since others scored the rows that have them."""
        return unheard_of(self.window)


def judge(
    window: Window,
    policy: MonitoringPolicy | None = None,
    labels: LabelCount | None = None,
    predict: Predict | None = None,
) -> Report:
    """All findings about a window; probabilities and labels of the champion's own rows only.

    ``predict`` is the model on the profile's features, for what it makes of their drift.
    """
    policy = policy or MonitoringPolicy()
    own, known = window.held.where(window.ours), window.labelled()
    tested = len(window.profile.features)
    predicted = window.own_rows > 0 and window.profile.probability is not None
    tally = window.tally()
    drift = tally.drift(policy.false_alarms, tests=tested + predicted)
    prediction = tally.prediction(policy.false_alarms, tested + 1) if predicted else None
    domain = domain_classifier(window.profile, window.frame)
    estimate = _estimate(window, own, domain, drift)
    held_against, threshold = window.profile.reference, window.version.threshold
    reference = reference_metrics(window.version)
    realised = _realised(known, threshold)
    explanation = []
    if len(known):
        explanation = explain_performance(
            known.label, known.probability, threshold, reference, held_against
        )
    lost = known if realised and realised["labelled_rows"] >= MIN_ROWS else own
    return Report(
        window=window,
        drift=drift,
        prediction=prediction,
        domain=domain,
        estimate=estimate,
        realised=realised,
        explanation=explanation,
        assessment=assess(
            drift,
            estimate,
            realised,
            reference_figures(window.version, window.profile),
            domain,
            prediction,
            policy,
            window.unwatched,
            held_against,
            unheard_of(window),
        ),
        labels=labels,
        slices=drift_slices(window.profile, drift, tally.counts()),
        losses=loss_slices(
            window.profile,
            lost.frame,
            lost.probability,
            lost.label,
            estimated=estimate.status == "estimated",
        ),
        effects=drift_effects(window.profile, window.frame, predict) if predict else (),
        policy=policy,
    )


def _estimate(
    window: Window, own: Rows, domain: DomainResult, drift: list[FeatureDrift]
) -> Estimate:
    if not len(own):
        return Estimate("refused", UNSCORED)
    return estimate_performance(
        window.profile,
        own.frame,
        own.probability,
        window.version.threshold,
        domain=domain,
        drift=drift,
    )


def reference_metrics(version: Watched) -> dict[str, float]:
    """What its performance is held against, by name: on its own holdout, or where it was
    retrained on the production rows that judged it."""
    return references.reference_metrics(version.metrics)


def reference_figures(version: Watched, profile: ReferenceProfile) -> Mapping[str, Any]:
    """The reference metrics, of a retrained version as {value, low, high}, 95% intervals.

    Few production rows may have judged it. What chance did there must not look like a loss later.
    """
    figures = reference_metrics(version)
    scores, labels = calibration_rows(profile)
    if not profile.reference.is_production or not len(scores):
        return figures
    found = bootstrap_intervals(labels.astype(np.int8), scores, version.threshold, resamples=200)
    known = {name: one for name, one in found.items() if np.isfinite(one.low) and name in figures}
    return figures | {
        name: {
            "value": figures[name],
            "low": min(one.low, figures[name]),
            "high": max(one.high, figures[name]),
        }
        for name, one in known.items()
    }


def _realised(labelled: Rows, threshold: float) -> dict[str, Any] | None:
    known = np.isfinite(labelled.probability)
    if not known.any():
        return None
    y, p = labelled.label[known].astype(np.int8), labelled.probability[known]
    intervals = bootstrap_intervals(y, p, threshold, resamples=200)
    return {
        "labelled_rows": int(known.sum()),
        **{name: interval.as_dict() for name, interval in intervals.items()},
    }


def judged_rules(report: Report) -> set[str]:
    """Rules of alerts on which this window could say something, whether or not it found any."""
    rules = set()
    for one in report.drift:
        if one.level != "unknown":
            rules |= {f"drift:{one.name}", f"missing:{one.name}"}
    if report.prediction is not None and report.prediction.level != "unknown":
        rules.add("prediction")
    if report.domain.roc_auc is not None:
        rules.add("domain")
    rules |= {f"estimated_{name}" for name in report.estimate.metrics}
    for name, figure in (report.realised or {}).items():
        if isinstance(figure, dict) and figure["value"] is not None:
            rules.add(f"realised_{name}")
    return rules


def as_json(report: Report, run_id: str | None) -> dict[str, Any]:
    """The contract's JSON of a report; ``run_id`` is None where nothing was recorded."""
    estimate = report.estimate
    return {
        "run_id": run_id,
        "version": report.window.version.version,
        "rows": report.window.rows,
        "drawn": report.window.drawn,
        "reference": {
            "rows": report.window.profile.rows,
            **report.window.profile.reference.as_dict(),
            "metrics": reference_metrics(report.window.version),
        },
        "false_alarm_rate": report.policy.false_alarms,
        "features": {one.name: _plain(asdict(one)) for one in report.drift},
        "unwatched_features": list(report.window.unwatched),
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
        "effects": [asdict(one) for one in report.effects],
        "slices": [asdict(one) for one in report.slices],
        "losses": [asdict(one) for one in report.losses],
        "labels": asdict(report.labels) if report.labels else None,
        "alerts": [asdict(alert) for alert in report.assessment.alerts],
        "level": report.assessment.level,
        "verdict": report.assessment.verdict,
    }


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: None if isinstance(value, float) and not np.isfinite(value) else value
        for name, value in values.items()
    }
