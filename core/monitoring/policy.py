"""From drift, estimate and realised performance to alerts and one sentence of verdict.

Data and rules only: the same findings always give the same alerts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from core.dataset.monitoring_policy import Loudness, MonitoringPolicy
from core.listing import listed
from core.monitoring.changes import TELLING_MISSING
from core.monitoring.domain import DomainResult
from core.monitoring.drift import FeatureDrift
from core.monitoring.drops import Compared, compared, matters
from core.monitoring.estimate import MAX_DOMAIN_AUC, Estimate
from core.monitoring.reference import TRAINING, Reference
from core.monitoring.thresholds import Level
from core.monitoring.unheard import HEARD, Unheard
from core.monitoring.verdict import verdict
from core.monitoring.words import percent

# How a metric stands beside what it is held against: an alert's level; worse, but by no more than
# chance gives (perhaps, or surely), or by too little to be told; "" where it is no worse, or where
# nobody is to be told.
Standing = Literal["alarm", "warning", "perhaps chance", "chance", "small", ""]
LEVEL_ORDER: tuple[Level, ...] = ("alarm", "warning", "unknown", "ok")


@dataclass(frozen=True)
class Alert:
    """``rule`` is a stable name (``drift``, ``realised_f1``, …) followed by ``:feature`` if any."""

    rule: str
    level: Level
    message: str


@dataclass(frozen=True)
class Assessment:
    """Alerts, the worst first, the level of the whole, and the verdict in one sentence.

    ``standings``: of every metric that could be compared, by the rule of the alert that it would
    raise.
    """

    level: Level
    alerts: tuple[Alert, ...]
    verdict: str
    standings: Mapping[str, Standing] = field(default_factory=dict)


def assess(
    drift: Sequence[FeatureDrift],
    estimate: Estimate | None = None,
    realised: Mapping[str, Any] | None = None,
    reference: Mapping[str, Any] | None = None,
    domain: DomainResult | None = None,
    prediction: FeatureDrift | None = None,
    policy: MonitoringPolicy | None = None,
    unwatched: Sequence[str] = (),
    held_against: Reference = TRAINING,
    unheard: Unheard = HEARD,
) -> Assessment:
    """Judge one window.

    ``realised`` has ``labelled_rows`` and metrics, ``reference`` those before, each
    metric a number or {value, low, high}. Whatever is None was not looked at. ``policy`` says how
    loud each rule may become and how far a metric must fall; see drops for what is chance.
    ``unwatched`` features are those of which the profile knows nothing; ``held_against`` is where
    its rows come from; ``unheard`` is what labels cannot say of the version.
    """
    policy = policy or MonitoringPolicy()
    metrics = [
        *compared(realised or {}, reference or {}, "on labelled rows", policy),
        *compared(estimate.metrics if estimate else {}, reference or {}, "by estimate", policy),
    ]
    found = [one for one in metrics if matters(one, policy)]
    about_drift = [
        *(
            alert
            for feature in _furthest_first(drift)
            for alert in _drift_alerts(feature, held_against)
        ),
        *_prediction_alerts(prediction),
        *_domain_alerts(domain, held_against),
    ]
    alerts = [
        *_no_louder(about_drift, policy.drift),
        *map(_unwatched_alert, unwatched),
        *_estimate_alerts(estimate),
        *_drop_alerts(found, policy),
    ]
    alerts.sort(key=lambda alert: LEVEL_ORDER.index(alert.level))
    judged = [alert.level for alert in alerts if alert.level != "unknown"]
    level: Level = judged[0] if judged else "ok"
    if drift and not judged and all(feature.level == "unknown" for feature in drift):
        level = "unknown"
    said = verdict(drift, estimate, realised, domain, found, level, held_against, unheard)
    told = {alert.rule: alert.level for alert in alerts}
    standings = {_rule(one): _standing(one, told.get(_rule(one), "ok"), policy) for one in metrics}
    return Assessment(level, tuple(alerts), said, standings)


def _no_louder(alerts: Sequence[Alert], most: Loudness) -> list[Alert]:
    """Alerts at the loudness that the project wants; what is not known is always said."""
    if most == "off":
        return [alert for alert in alerts if alert.level == "unknown"]
    if most == "warning":
        return [
            replace(alert, level="warning") if alert.level == "alarm" else alert for alert in alerts
        ]
    return list(alerts)


def _furthest_first(drift: Sequence[FeatureDrift]) -> list[FeatureDrift]:
    return sorted(drift, key=lambda feature: -(feature.psi or 0.0))


def _drift_alerts(feature: FeatureDrift, reference: Reference) -> list[Alert]:
    alerts = []
    if feature.level == "unknown":
        alerts.append(
            Alert(f"drift:{feature.name}", "unknown", f"{feature.name}: {feature.change}.")
        )
    if feature.drifted:
        by_chance = f"PSI {feature.psi:.2f}, by chance at most {feature.threshold:.3f}"
        alerts.append(
            Alert(
                f"drift:{feature.name}",
                feature.level,
                f"{feature.name} drifted: {feature.change} ({by_chance}).",
            )
        )
    more = (feature.missing_share or 0.0) - (feature.reference_missing_share or 0.0)
    if feature.drifted and more >= TELLING_MISSING:
        alerts.append(
            Alert(
                f"missing:{feature.name}",
                feature.level,
                f"{feature.name} is missing in {percent(feature.missing_share or 0.0)} of the "
                f"rows, {percent(feature.reference_missing_share or 0.0)} in "
                f"{reference.noun}; check what feeds it.",
            )
        )
    return alerts


def _unwatched_alert(name: str) -> Alert:
    message = f"{name} is not watched: the model's profile knows nothing of it; train again."
    return Alert(f"unwatched:{name}", "unknown", message)


def _prediction_alerts(prediction: FeatureDrift | None) -> list[Alert]:
    if prediction is None or not prediction.drifted:
        return []
    message = f"The model's probabilities moved: {prediction.change}."
    return [Alert("prediction", prediction.level, message)]


def _domain_alerts(domain: DomainResult | None, reference: Reference) -> list[Alert]:
    if domain is None or domain.roc_auc is None or domain.roc_auc < MAX_DOMAIN_AUC:
        return []
    names = listed([name for name, share in domain.importances if share >= 0.1])
    told = f"Rows can be told from {reference.kind} rows"
    message = f"{told} with ROC AUC {domain.roc_auc:.2f}, by {names}."
    return [Alert("domain", "alarm", message)]


def _estimate_alerts(estimate: Estimate | None) -> list[Alert]:
    if estimate is None or estimate.status == "estimated":
        return []
    return [Alert("estimate", "unknown", f"Performance cannot be estimated. {estimate.reason}")]


def _drop_alerts(drops: Sequence[Compared], policy: MonitoringPolicy) -> list[Alert]:
    by_source = (("on labelled rows", policy.realised), ("by estimate", policy.estimated))
    return [
        alert
        for source, most in by_source
        for alert in _no_louder([_drop_alert(d, policy) for d in drops if d.source == source], most)
    ]


def _rule(one: Compared) -> str:
    return f"{'estimated' if one.source == 'by estimate' else 'realised'}_{one.metric}"


def _standing(one: Compared, told: Level, policy: MonitoringPolicy) -> Standing:
    if told != "ok":
        return "alarm" if told == "alarm" else "warning"
    if one.loss <= 0 or matters(one, policy):
        return ""
    if one.beyond_chance:
        return "small"
    return "chance" if one.within_chance else "perhaps chance"


def _drop_alert(drop: Compared, policy: MonitoringPolicy) -> Alert:
    level: Level = "alarm" if drop.loss >= policy.alarm_drop else "warning"
    interval = ""
    if drop.after.low < drop.after.high:
        interval = f" (95% interval {drop.after.low:.2f} to {drop.after.high:.2f})"
    message = f"{drop.words} {drop.source}{interval}."
    return Alert(_rule(drop), level, message)
