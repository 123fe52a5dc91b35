"""From drift, estimate and realised performance to alerts and one sentence of verdict.

Data and rules only: the same findings always give the same alerts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.monitoring.changes import TELLING_MISSING
from core.monitoring.domain import DomainResult
from core.monitoring.drift import FeatureDrift, most_drifted
from core.monitoring.estimate import MAX_DOMAIN_AUC, MAX_OUTSIDE_SHARE, Estimate, Interval
from core.monitoring.thresholds import Level
from core.monitoring.words import listed

NAMES = {
    "roc_auc": "ROC AUC",
    "log_loss": "log loss",
    "f1": "F1",
    "accuracy": "accuracy",
    "precision": "precision",
    "recall": "recall",
    "kappa": "kappa",
    "mcc": "MCC",
}
LOWER_IS_BETTER = {"log_loss", "brier"}
NOTABLE_DROP = 0.02  # below it a drop can be real and still change no decision
SEVERE_DROP = 0.05
LEVEL_ORDER: tuple[Level, ...] = ("alarm", "warning", "unknown", "ok")


@dataclass(frozen=True)
class Alert:
    """``rule`` is a stable name (``drift``, ``realised_f1``, …) followed by ``:feature`` if any."""

    rule: str
    level: Level
    message: str


@dataclass(frozen=True)
class Assessment:
    """Alerts, the worst first, the level of the whole, and the verdict in one sentence."""

    level: Level
    alerts: tuple[Alert, ...]
    verdict: str


@dataclass(frozen=True)
class _Drop:
    metric: str
    before: float
    after: Interval
    source: str

    @property
    def loss(self) -> float:
        return _loss(self.metric, self.before, self.after.value)

    @property
    def words(self) -> str:
        return f"{NAMES.get(self.metric, self.metric)} {self.before:.2f} → {self.after.value:.2f}"


def assess(
    drift: Sequence[FeatureDrift],
    estimate: Estimate | None = None,
    realised: Mapping[str, Any] | None = None,
    reference: Mapping[str, Any] | None = None,
    domain: DomainResult | None = None,
    prediction: FeatureDrift | None = None,
) -> Assessment:
    """Judge one window.

    ``realised`` has ``labelled_rows`` and metrics, ``reference`` the holdout's metrics, each
    metric a number or {value, low, high}. Whatever is None was not looked at. A metric that fell
    raises an alert only if its interval excludes the holdout's value and the drop is at least
    0.02; from 0.05 on it is an alarm.
    """
    drops = [
        *_drops(realised or {}, reference or {}, "on labelled rows"),
        *_drops(estimate.metrics if estimate else {}, reference or {}, "by estimate"),
    ]
    alerts = [
        *(alert for feature in _furthest_first(drift) for alert in _drift_alerts(feature)),
        *_prediction_alerts(prediction),
        *_domain_alerts(domain),
        *_estimate_alerts(estimate),
        *map(_drop_alert, drops),
    ]
    alerts.sort(key=lambda alert: LEVEL_ORDER.index(alert.level))
    judged = [alert.level for alert in alerts if alert.level != "unknown"]
    level: Level = judged[0] if judged else "ok"
    if drift and not judged and all(feature.level == "unknown" for feature in drift):
        level = "unknown"
    verdict = _verdict(drift, estimate, realised, domain, drops, level)
    return Assessment(level, tuple(alerts), verdict)


def left_training(
    drift: Sequence[FeatureDrift], estimate: Estimate | None, domain: DomainResult | None
) -> bool:
    """Whether the window lies outside what the model was trained on, beyond doubt."""
    if domain is not None and domain.roc_auc is not None and domain.roc_auc >= MAX_DOMAIN_AUC:
        return True
    return any(
        feature.level == "alarm" and feature.outside_share > MAX_OUTSIDE_SHARE for feature in drift
    )


def _furthest_first(drift: Sequence[FeatureDrift]) -> list[FeatureDrift]:
    return sorted(drift, key=lambda feature: -(feature.psi or 0.0))


def _drift_alerts(feature: FeatureDrift) -> list[Alert]:
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
                f"{feature.name} is missing in {feature.missing_share or 0:.0%} of the rows, "
                f"{feature.reference_missing_share or 0:.0%} in training; check what feeds it.",
            )
        )
    return alerts


def _prediction_alerts(prediction: FeatureDrift | None) -> list[Alert]:
    if prediction is None or not prediction.drifted:
        return []
    message = f"The model's probabilities moved: {prediction.change}."
    return [Alert("prediction", prediction.level, message)]


def _domain_alerts(domain: DomainResult | None) -> list[Alert]:
    if domain is None or domain.roc_auc is None or domain.roc_auc < MAX_DOMAIN_AUC:
        return []
    names = listed([name for name, share in domain.importances if share >= 0.1])
    message = f"Rows can be told from training rows with ROC AUC {domain.roc_auc:.2f}, by {names}."
    return [Alert("domain", "alarm", message)]


def _estimate_alerts(estimate: Estimate | None) -> list[Alert]:
    if estimate is None or estimate.status == "estimated":
        return []
    return [Alert("estimate", "unknown", f"Performance cannot be estimated. {estimate.reason}")]


def _drop_alert(drop: _Drop) -> Alert:
    level: Level = "alarm" if drop.loss >= SEVERE_DROP else "warning"
    kind = "estimated" if drop.source == "by estimate" else "realised"
    interval = ""
    if drop.after.low < drop.after.high:
        interval = f" (95 % interval {drop.after.low:.2f} to {drop.after.high:.2f})"
    message = f"{drop.words} {drop.source}{interval}."
    return Alert(f"{kind}_{drop.metric}", level, message)


def _drops(after: Mapping[str, Any], reference: Mapping[str, Any], source: str) -> list[_Drop]:
    """Metrics that are worse than the holdout's by more than noise and by enough to matter."""
    found = []
    for metric in NAMES:
        now, before = _interval(after.get(metric)), _interval(reference.get(metric))
        if now is None or before is None:
            continue
        nearest = now.low if metric in LOWER_IS_BETTER else now.high
        beyond_noise = _loss(metric, before.value, nearest) > 0
        if beyond_noise and _loss(metric, before.value, now.value) >= NOTABLE_DROP:
            found.append(_Drop(metric, before.value, now, source))
    return found


def _loss(metric: str, before: float, after: float) -> float:
    return after - before if metric in LOWER_IS_BETTER else before - after


def _interval(figure: Any) -> Interval | None:
    """A number, {value, low, high} or an object with these as attributes."""
    if figure is None or isinstance(figure, Interval):
        return figure
    if isinstance(figure, Mapping):
        given = figure
    elif hasattr(figure, "value"):
        given = vars(figure)
    else:
        given = {"value": figure}
    value = given.get("value")
    if value is None or value != value:  # noqa: PLR0124 - NaN is not itself
        return None
    low, high = given.get("low"), given.get("high")
    return Interval(
        float(value),
        float(value if low is None else low),
        float(value if high is None else high),
    )


def _verdict(
    drift: Sequence[FeatureDrift],
    estimate: Estimate | None,
    realised: Mapping[str, Any] | None,
    domain: DomainResult | None,
    drops: Sequence[_Drop],
    level: Level,
) -> str:
    moved = most_drifted(drift)
    alarmed = [feature for feature in moved if feature.level == "alarm"]
    named = _named(moved)
    if level == "unknown":
        reason = drift[0].change if drift else "nothing was logged"
        return f"Nothing can be said yet: {reason}; score more rows and look again."
    if left_training(drift, estimate, domain):
        return (
            f"Production has left the training data: {named or _giveaway(domain)}; "
            f"{_measured(drops, realised)}do not trust the model on these rows; "
            "retrain on data like these rows."
        )
    if drops:
        worst = ", ".join(drop.words for drop in drops[:2])
        cause = (
            f"while {named} moved"
            if moved
            else "though its inputs look like training: the outcomes themselves have changed"
        )
        return f"The model does worse than on its holdout ({worst}) {cause}; retrain on new labels."
    if alarmed:
        return (
            f"Production has shifted within the training range: {named}; "
            f"{_holds(estimate, realised)}; keep watching, and plan to retrain."
        )
    if level in ("alarm", "warning"):
        what = named or "the model's probabilities"
        return f"A real but small shift in {what}; {_holds(estimate, realised)}; nothing to do yet."
    return f"Production looks like the training data; {_holds(estimate, realised)}; nothing to do."


def _named(moved: Sequence[FeatureDrift]) -> str:
    """The feature that moved most with what changed in it, the others by name."""
    if not moved:
        return ""
    first, *others = moved
    main = f"{first.name} ({first.change.split(';')[0]})"
    return listed([main, *(feature.name for feature in others)])


def _giveaway(domain: DomainResult | None) -> str:
    names = [name for name, share in domain.importances if share >= 0.1] if domain else []
    return f"{listed(names)} in combination"


def _measured(drops: Sequence[_Drop], realised: Mapping[str, Any] | None) -> str:
    """What labels say on top, as a clause with its semicolon; empty without labels."""
    if not realised or not realised.get("labelled_rows"):
        return ""
    seen = [drop for drop in drops if drop.source == "on labelled rows"]
    rows = f"on {realised['labelled_rows']:,} labelled rows"
    if not seen:
        return f"performance has held {rows} so far, but "
    return f"{', '.join(drop.words for drop in seen[:2])} {rows}; "


def _holds(estimate: Estimate | None, realised: Mapping[str, Any] | None) -> str:
    auc = _interval((realised or {}).get("roc_auc"))
    if auc is not None:
        return f"performance holds on labelled rows (ROC AUC {_range(auc)})"
    auc = _interval(estimate.metrics.get("roc_auc")) if estimate else None
    if auc is not None:
        return f"performance is estimated to hold (ROC AUC {_range(auc)})"
    return "how the model performs there is unknown without labels"


def _range(figure: Interval) -> str:
    if figure.low == figure.high:
        return f"{figure.value:.2f}"
    return f"{figure.value:.2f}, {figure.low:.2f} to {figure.high:.2f}"
