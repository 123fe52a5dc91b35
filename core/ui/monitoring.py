"""The drift monitoring page: which rows, the verdict at a glance, one view of the details."""

from __future__ import annotations

import streamlit as st

from core.services import monitoring
from core.services import retraining as retraining_service
from core.services.monitoring import Report
from core.ui import (
    cached,
    monitoring_alerts,
    monitoring_file,
    monitoring_glance,
    monitoring_labels,
    monitoring_policy,
    monitoring_views,
    parts,
    retraining,
)
from core.ui import monitoring_window as windows
from core.ui.frame import Page
from core.ui.monitoring_window import Choice
from core.ui.words import ago, escape, exact


def body(page: Page) -> None:
    """The rows looked at on top, what they say below, one view of the details, the way back."""
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
    monitoring_glance.show(page, report)
    with parts.guarded("read the alerts"):
        monitoring_alerts.show(page)
    monitoring_views.show(page, report)
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
    window, reference = report.window, report.window.profile.reference
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            parts.level_badge(report.assessment.level)
            st.markdown(
                f"{window.rows:,} rows against {window.profile.of(escape(window.version.label))}",
                width="content",
                help=reference.explained or None,
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
                f"{'All' if others == window.rows else f'{others:,} of the'} rows were scored by "
                "other versions: their inputs count for "
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


def _recorded_key(page: Page) -> str:
    return f"monitor-recorded-{page.project}"
