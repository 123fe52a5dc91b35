"""The drift monitoring page: which rows, the verdict, drift, single features, performance."""

from __future__ import annotations

import streamlit as st

from core.services import monitoring
from core.services import retraining as retraining_service
from core.services.monitoring import Alert, Report
from core.ui import (
    cached,
    monitoring_alerts,
    monitoring_feature,
    monitoring_file,
    monitoring_labels,
    monitoring_matter,
    monitoring_performance,
    monitoring_policy,
    monitoring_timeline,
    pairs,
    parts,
    retraining,
)
from core.ui import monitoring_window as windows
from core.ui.frame import Page
from core.ui.monitoring_window import Choice
from core.ui.words import ago, escape, exact

_FEW_ALERTS = 6
_SIGNS = {
    "alarm": ":red[:material/error: **alarm**]",
    "warning": ":orange[:material/warning: **warning**]",
    "unknown": ":gray[:material/help: **not known**]",
    "ok": ":green[:material/check_circle: **ok**]",
}


def body(page: Page) -> None:
    """The rows looked at on top, what they say below, details further down."""
    standing = cached.standing(page.settings, page.project)
    if standing.champion is None:
        parts.empty(
            "There is no champion to watch yet: train a model first.",
            "2_Training",
            page.project,
            "Train a model",
        )
        return
    if not standing.logged_rows:
        parts.empty(
            "Nothing has been scored yet. Monitor compares what the model is asked about with "
            "what it was trained on, so it needs a production file.",
            "4_Production_scoring",
            page.project,
            "Score a production file",
        )
        monitoring_file.show(page)
        return
    with parts.guarded("judge the logged rows"):
        choice, follow = windows.choose(page, standing.logged_rows)
        if choice is not None:
            report = _show(page, choice)
            retraining.show(page, wanted=report.assessment.level == "alarm")
        follow()
    st.subheader("More", anchor=False)
    monitoring_labels.show(page)
    monitoring_file.show(page)
    monitoring_policy.show(page)


def _show(page: Page, choice: Choice) -> Report:
    waiting = st.empty()
    if windows.is_first_look(page):
        with waiting.container(border=True):
            _last_recorded(page)
    report = windows.judged(page, choice)
    waiting.empty()
    _verdict(page, report, choice)
    _next_steps(page, report)
    with parts.guarded("read the alerts"):
        monitoring_alerts.show(page)
    monitoring_timeline.show(page)
    st.subheader("Features", anchor=False)
    left, right = pairs.pair("monitoring")
    with left:
        figure = windows.drift_figure(report)
        parts.chart(figure, "drift-bars")
        parts.numbers_below(figure, "drift-bars", "drift")
    with right:
        _alerts(report)
    monitoring_matter.show(report)
    monitoring_feature.show(page, report)
    monitoring_performance.show(report)
    return report


def _last_recorded(page: Page) -> None:
    """What is known at once, while the rows are judged for the first time."""
    standing = cached.standing(page.settings, page.project)
    if standing.drift_level is None:
        st.caption("The logged rows are being judged; the answer stands here in a few seconds.")
        return
    parts.level_badge(standing.drift_level)
    parts.verdict(standing.drift_verdict)
    st.caption("So said the last check on record; the logged rows are being judged anew.")


def _verdict(page: Page, report: Report, choice: Choice) -> None:
    window = report.window
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            parts.level_badge(report.assessment.level)
            st.markdown(
                f"{window.rows:,} rows against {window.profile.rows:,} training rows of "
                f"{escape(window.version.label)}",
                width="content",
            )
            if window.first is not None and window.last is not None:
                first, last = ago(window.first), ago(window.last)
                st.caption(
                    f"logged {first}" if first == last else f"logged {first} to {last}",
                    help=f"{exact(window.first)} to {exact(window.last)}",
                    width="content",
                )
        parts.verdict(report.assessment.verdict)
        if window.drawn:
            st.caption(window.drawn)
        if others := window.rows - window.own_rows:
            st.caption(
                f"{others:,} of the rows were scored by other versions: their inputs count for "
                "drift, their probabilities and labels do not."
            )
        if window.unwatched:
            st.caption(
                f"Not watched: {escape(', '.join(window.unwatched))}. The model's profile knows "
                "nothing of it; train again to watch it too."
            )
        _record(page, choice, report)


def _record(page: Page, choice: Choice, report: Report) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        pressed = st.button(
            "Check and record",
            type="primary",
            icon=":material/fact_check:",
            help="Logs this judgement to MLflow; Home shows the latest one.",
            key="monitor-record",
        )
        monitoring_file.download(page, report, "window")
        last = st.session_state.get(_recorded_key(page))
        if last and not pressed:
            st.caption(f"Recorded as run `{last[:8]}`", width="content")
    if pressed:
        with parts.guarded("record the check"), st.spinner("Judging and recording"):
            result, _ = monitoring.monitor(
                page.settings,
                page.project,
                selection=choice.selection,
            )
            retraining_service.prepare(page.settings, page.project)
            st.session_state[_recorded_key(page)] = result["run_id"]
            st.toast("Recorded.", icon=":material/check:")
            st.success(f"Recorded: {escape(result['verdict'])}", icon=":material/check_circle:")
            parts.mlflow_link(page.settings, result["run_id"])


def _next_steps(page: Page, report: Report) -> None:
    if report.assessment.level != "alarm":
        return
    first = f"[Retrain](#{retraining.ANCHOR}) on the labelled production rows"
    if report.realised is None:
        first = f"Collect labels of production, then [retrain](#{retraining.ANCHOR}) on them"
    with st.container(border=True):
        st.markdown("**Lead back to a good model**")
        st.markdown(
            f"1. {first}: the newest of them judge the challenger.\n"
            "2. Compare challenger and champion on the same rows; promote the better.\n"
            "3. Score the production file again and look here: the alarm should be gone."
        )
        with st.container(horizontal=True):
            parts.link("1_Data_preparation", page.project, "Or add rows and prepare anew")
            parts.link("3_Model_comparison", page.project, "Compare and promote")


def _alerts(report: Report) -> None:
    alerts = _by_weight(report)
    st.markdown(
        f"**Found in these rows ({len(alerts)}), the worst first**"
        if alerts
        else "**No alerts in these rows**"
    )
    if not alerts:
        st.caption(
            f"None of {len(report.drift)} features differs from training by more than chance "
            f"gives; one check in {report.policy.windows_per_false_alarm:,} would say so falsely."
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


def _recorded_key(page: Page) -> str:
    return f"monitor-recorded-{page.project}"
