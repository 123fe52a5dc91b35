"""The timeline of windows: how drift and performance went, the newest window forming live."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.services import alerts, monitoring_figures, monitoring_timeline
from core.services.monitoring_timeline import EVERY, Cut, CutKind, LiveTimeline, WindowResult
from core.ui import cached, pairs, parts
from core.ui import monitoring_window as windows
from core.ui.frame import Page
from core.ui.words import escape, score

_POLL = "3s"
_LONG_READ = 100_000  # rows: below it, reading is over before anybody could read a progress
_KINDS: dict[CutKind, str] = {
    "batch": "Batch",
    "count": "Number of rows",
    "time": "Time",
    "source": "Source",
    "version": "Version",
}
_METRICS = {
    "roc_auc": "ROC AUC",
    "f1": "F1",
    "log_loss": "log loss",
    "accuracy": "accuracy",
    "precision": "precision",
    "recall": "recall",
}
_NONE_KNOWN = "No window has an estimate yet, or labels of rows that this version scored"
_MOST_LISTED = 200  # as many as the charts show


def show(page: Page) -> None:
    """How the log is cut, and the windows, looked at anew every few seconds."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        cut = _cut()
        metric = st.selectbox(
            "Performance as",
            list(_METRICS),
            format_func=_METRICS.__getitem__,
            key="monitor-timeline-metric",
            width=160,
        )
    live = bool(st.session_state.get("monitor-live", True))
    with parts.guarded("draw the timeline"):
        timeline = _timeline(page, cut)
        st.fragment(_draw, run_every=_POLL if live else None)(page, cut, timeline, metric)


def _cut() -> Cut:
    kind = st.selectbox(
        "A window for each",
        list(_KINDS),
        format_func=_KINDS.__getitem__,
        key="monitor-cut",
        width=190,
        help="Batch: every scored file; single rows from the form or REST count by day.",
    )
    if kind == "count":
        size = st.number_input(
            "Rows", min_value=50, value=500, step=100, key="monitor-cut-rows", width=140
        )
        return Cut("count", int(size))
    if kind == "time":
        every = st.selectbox(
            "Length",
            list(EVERY),
            index=1,
            format_func=EVERY.__getitem__,
            key="monitor-every",
            width=120,
        )
        return Cut("time", every=every)
    return Cut(kind)


def _timeline(page: Page, cut: Cut) -> LiveTimeline:
    standing = cached.standing(page.settings, page.project)
    version = standing.champion.version if standing.champion else ""
    policy = alerts.token(page.settings, page.project)[1]
    return _opened(page.settings.home, page.project, page.spec.digest, version, policy, cut, page)


@st.cache_resource(show_spinner=False, max_entries=12)
def _opened(
    home: object, project: str, digest: str, version: str, policy: int, cut: Cut, _page: Page
) -> LiveTimeline:
    """One for everybody who looks at the same windows: each row is read once for all."""
    return monitoring_timeline.open_timeline(_page.settings, project, cut)


def _draw(page: Page, cut: Cut, timeline: LiveTimeline, metric: str) -> None:
    with parts.guarded("draw the timeline"):
        place = st.empty()
        total = cached.standing(page.settings, page.project).logged_rows

        def tell(rows: int) -> None:
            if total > _LONG_READ:
                place.progress(min(rows / total, 1.0), f"{rows:,} of {total:,} rows counted")

        found = timeline.refresh(tell)
        place.empty()
        _charts(found, timeline, metric)
        _look_into(page, cut, found)
        _table(found, metric)


def _charts(found: list[WindowResult], timeline: LiveTimeline, metric: str) -> None:
    if len(found) == 1:
        _only_window(found, timeline, metric)
        return
    left, right = pairs.pair("monitoring_timeline")
    with left:
        figure = monitoring_figures.timeline(found)
        parts.chart(figure, "timeline-drift")
        parts.numbers_below(figure, "timeline-drift", "timeline_drift")
    with right:
        reference = timeline.reference.get(metric)
        drawn = monitoring_figures.performance_over_time(
            found, metric, reference, timeline.held_against
        )
        if drawn is None:
            st.markdown(f"**{_NONE_KNOWN}**")
            st.caption(escape(_why_no_estimate(found)))
        else:
            parts.chart(drawn, "timeline-performance")
            parts.numbers_below(drawn, "timeline-performance", "timeline_performance")
            if any(one.refused for one in found):
                st.caption(escape(_why_no_estimate(found)))


def _only_window(found: list[WindowResult], timeline: LiveTimeline, metric: str) -> None:
    """One point is no line: its two findings in words."""
    reference = timeline.reference.get(metric)
    drawn = monitoring_figures.performance_over_time(
        found, metric, reference, timeline.held_against
    )
    said = [monitoring_figures.timeline(found).layout.title.text]
    said.append(drawn.layout.title.text if drawn else _why_no_estimate(found))
    st.markdown("  \n".join(f"**{escape(one)}**" for one in said))
    st.caption(
        "One window so far; from the second on they are drawn over time. A window for each so "
        "many rows shows how it went within this one."
    )


def _why_no_estimate(found: list[WindowResult]) -> str:
    """How many windows have none, and why: all of them, or the latest of them by its name."""
    refused = [one for one in found if one.refused]
    if not refused:
        return "Nothing has been logged yet."
    latest = refused[-1]
    if len(refused) == len(found) == 1:
        return f"Not estimated: {latest.refused}."
    said = f"Not estimated in {len(refused)} of {len(found)} windows"
    if len(refused) == len(found) and all(one.refused == latest.refused for one in found):
        return f"{said}: {latest.refused}."
    which = "It is" if len(refused) == 1 else "The latest of these is"
    return f"{said}. {which} {latest.label}: {latest.refused}."


def _look_into(page: Page, cut: Cut, found: list[WindowResult]) -> None:
    listed = {one.key: one for one in reversed(found[-_MOST_LISTED:])}
    if not listed:
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        key = st.selectbox(
            "Look into a window",
            list(listed),
            format_func=lambda name: f"{listed[name].label}, {listed[name].level}",
            key=f"monitor-look-{cut.name}",
            width=380,
        )
        if st.button("Look into it", icon=":material/zoom_in:", key=f"monitor-into-{cut.name}"):
            one = listed[key]
            selection = monitoring_timeline.selection_of(cut, one)
            windows.pick_window(page, one.label, selection)
            st.rerun()


def _table(found: list[WindowResult], metric: str) -> None:
    with st.expander("Windows in figures", icon=":material/table:"):
        st.dataframe(
            pd.DataFrame(
                [
                    {
                        "window": one.label,
                        "level": one.level + (", forming" if one.forming else ""),
                        "rows": one.rows,
                        "worst feature": one.worst or "–",
                        "PSI": score(one.worst_psi),
                        "by chance below": score(one.threshold),
                        f"{_METRICS[metric]}, estimated": _interval(one.estimated.get(metric)),
                        "on labels": _interval(one.realised.get(metric)),
                        "labelled": one.labelled_rows,
                        "why no estimate": one.refused or "–",
                    }
                    for one in reversed(found)
                ]
            ),
            hide_index=True,
        )
        st.caption("In brackets: 95% intervals. Closed windows are judged once and kept.")


def _interval(figure: object) -> str:
    if figure is None:
        return "–"
    value, low, high = (score(getattr(figure, name)) for name in ("value", "low", "high"))
    return f"{value} ({low} to {high})"
