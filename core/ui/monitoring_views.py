"""The details of a check, one view at a time: what is not looked at is not drawn."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from core.services.monitoring import Alert, Report
from core.ui import (
    monitoring_feature,
    monitoring_matter,
    monitoring_performance,
    monitoring_timeline,
    pairs,
    parts,
)
from core.ui import monitoring_window as windows
from core.ui.frame import Page
from core.ui.words import escape

_PARAMETER = "view"
_FEW_ALERTS = 6
_SIGNS = {
    "alarm": ":red[:material/error: **alarm**]",
    "warning": ":orange[:material/warning: **warning**]",
    "unknown": ":gray[:material/help: **not known**]",
    "ok": ":green[:material/check_circle: **ok**]",
}


def show(page: Page, report: Report) -> None:
    """The choice of a view, which stands in the URL, and that view."""
    views = _views()
    first = next(iter(views))
    asked = st.query_params.get(_PARAMETER, first)
    name = st.segmented_control(
        "Look closer",
        list(views),
        default=asked if asked in views else first,
        required=True,
        key=f"monitor-view-{page.project}",
    )
    if name == first:
        st.query_params.pop(_PARAMETER, None)
    elif asked != name:
        st.query_params[_PARAMETER] = name
    views[name](page, report)


def _views() -> dict[str, Callable[[Page, Report], None]]:
    return {
        "Features": _features,
        "Over time": lambda page, _: monitoring_timeline.show(page),
        "Does it matter?": monitoring_matter.show,
        "Performance": lambda _, report: monitoring_performance.show(report),
    }


def _features(page: Page, report: Report) -> None:
    left, right = pairs.pair("monitoring")
    with left:
        figure = windows.drift_figure(report)
        parts.chart(figure, "drift-bars")
        parts.numbers_below(figure, "drift-bars", "drift")
    with right:
        _alerts(report)
    monitoring_feature.show(page, report)


def _alerts(report: Report) -> None:
    alerts, reference = _by_weight(report), report.window.profile.reference
    st.markdown(
        f"**Found in these rows ({len(alerts)}), the worst first**"
        if alerts
        else "**No alerts in these rows**"
    )
    if not alerts:
        st.caption(
            f"None of {len(report.drift)} features differs from {reference.noun} by more than "
            f"chance gives; one check in {report.policy.windows_per_false_alarm:,} would say so "
            "falsely."
        )
    for alert in alerts[:_FEW_ALERTS]:
        _alert(alert)
    if len(alerts) > _FEW_ALERTS:
        with st.expander(f"{len(alerts) - _FEW_ALERTS} more"):
            for alert in alerts[_FEW_ALERTS:]:
                _alert(alert)


def _by_weight(report: Report) -> list[Alert]:
    """The worst level first and, within a level, the feature that moved most."""
    moved = {f"drift:{one.name}": one.psi or 0.0 for one in report.drift}
    order = ["alarm", "warning", "unknown", "ok"]
    return sorted(
        report.assessment.alerts,
        key=lambda alert: (order.index(alert.level), -moved.get(alert.rule, 0.0)),
    )


def _alert(alert: Alert) -> None:
    st.markdown(f"{_SIGNS[alert.level]} {escape(alert.message)}")
