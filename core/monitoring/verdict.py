"""The findings about a window in one sentence that a manager understands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from core.listing import listed
from core.monitoring.domain import DomainResult
from core.monitoring.drift import FeatureDrift, most_drifted
from core.monitoring.drops import Compared, interval_of
from core.monitoring.estimate import MAX_DOMAIN_AUC, MAX_OUTSIDE_SHARE, Estimate, Interval
from core.monitoring.reference import TRAINING, Reference
from core.monitoring.thresholds import Level
from core.monitoring.unheard import HEARD, Unheard


def verdict(
    drift: Sequence[FeatureDrift],
    estimate: Estimate | None,
    realised: Mapping[str, Any] | None,
    domain: DomainResult | None,
    drops: Sequence[Compared],
    level: Level,
    reference: Reference = TRAINING,
    unheard: Unheard = HEARD,
) -> str:
    """What happened, what it did to the model, what to do."""
    moved = most_drifted(drift)
    alarmed = [feature for feature in moved if feature.level == "alarm"]
    named = _named(moved)
    if level == "unknown":
        reason = drift[0].change if drift else "nothing was logged"
        return f"Nothing can be said yet: {reason}; score more rows and look again."
    if left_training(drift, domain):
        return (
            f"Production has left {reference.data}: {named or _giveaway(domain)}; "
            f"{_measured(drops, realised, reference)}"
            f"{unheard.known + '; ' if unheard.known else ''}{_advice(reference)}"
        )
    if drops:
        worst = ", ".join(drop.words for drop in drops[:2])
        alike = f"though its inputs look like {reference.noun}"
        cause = (
            f"while {named} moved" if moved else f"{alike}: the outcomes themselves have changed"
        )
        before = reference.judged if reference.is_production else "its holdout"
        return f"The model does worse than on {before} ({worst}) {cause}; retrain on new labels."
    holds = _holds(estimate, realised)
    todo = "" if holds else unheard.todo
    holds = holds or unheard.known or "how the model performs there is unknown without labels"
    if alarmed:
        return (
            f"Production has shifted within the {reference.kind} range: {named}; {holds}; "
            f"{todo + ', ' if todo else ''}keep watching, and plan to retrain."
        )
    if level in ("alarm", "warning"):
        what = named or "the model's probabilities"
        return f"A real but small shift in {what}; {holds}; {todo or 'nothing to do yet'}."
    return f"Production looks like {reference.data}; {holds}; {todo or 'nothing to do'}."


def _advice(reference: Reference) -> str:
    """What to do about rows outside the reference: they may be those it learnt from before."""
    if not reference.older:
        return "do not trust the model on these rows; retrain on data like these rows."
    return (
        f"{reference.older}: if these are of that kind, labels say how far to trust it; "
        "if not, retrain on data like these rows."
    )


def left_training(drift: Sequence[FeatureDrift], domain: DomainResult | None) -> bool:
    """Whether the window lies outside the reference, beyond doubt."""
    if domain is not None and domain.roc_auc is not None and domain.roc_auc >= MAX_DOMAIN_AUC:
        return True
    return any(
        feature.level == "alarm" and feature.outside_share > MAX_OUTSIDE_SHARE for feature in drift
    )


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


def _measured(
    drops: Sequence[Compared], realised: Mapping[str, Any] | None, reference: Reference
) -> str:
    """What labels say on top, as a clause with its semicolon; empty without labels."""
    if not realised or not realised.get("labelled_rows"):
        return ""
    seen = [drop for drop in drops if drop.source == "on labelled rows"]
    rows = f"on {realised['labelled_rows']:,} labelled rows"
    if not seen:
        return f"performance has held {rows} so far, {'and' if reference.older else 'but'} "
    return f"{', '.join(drop.words for drop in seen[:2])} {rows}; "


def _holds(estimate: Estimate | None, realised: Mapping[str, Any] | None) -> str:
    """That performance holds, as a clause; "" where neither labels nor an estimate tell."""
    auc = interval_of((realised or {}).get("roc_auc"))
    if auc is not None:
        return f"performance holds on labelled rows (ROC AUC {_range(auc)})"
    auc = interval_of(estimate.metrics.get("roc_auc")) if estimate else None
    if auc is not None:
        return f"performance is estimated to hold (ROC AUC {_range(auc)})"
    return ""


def _range(figure: Interval) -> str:
    if figure.low == figure.high:
        return f"{figure.value:.2f}"
    return f"{figure.value:.2f}, {figure.low:.2f} to {figure.high:.2f}"
