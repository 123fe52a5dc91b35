"""Replay: logged rows through the chosen version, what it would have said beside what was said."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import streamlit as st

from core.services import replay
from core.services.replay import Report, Which
from core.services.scoring import Version
from core.ui import pairs, parts
from core.ui.frame import Page
from core.ui.words import ago, escape, exact, number, score, share

_LAST, _TIME = "last", "time"
_HOW = {_LAST: "The last rows", _TIME: "A window of time"}
_ALL = "all"
_SOURCES = {
    _ALL: "everywhere",
    "form": "the form",
    "batch": "files scored here",
    "cli": "the terminal",
    "rest": "the REST endpoint",
}
_METRICS = {
    "roc_auc": "ROC AUC",
    "log_loss": "Log loss",
    "f1": "F1",
    "accuracy": "Accuracy",
    "precision": "Precision",
    "recall": "Recall",
    "brier": "Brier score",
}
_LOWER_IS_BETTER = {"log_loss", "brier"}
_SHOWN_CHANGES = 200
_FEW_ROWS = 7


def show(page: Page, version: Version, versions: list[Version]) -> None:
    """The choice of rows, the button, and the latest result."""
    with st.container(border=True), parts.guarded("choose the rows"):
        st.markdown(
            f"**What would {escape(version.label)} have said** about rows that were logged before? "
            "The log is only read; nothing is added to it."
        )
        which = _choose(page, versions)
        _press(page, version, which)
    report = st.session_state.get(_key(page))
    if report is not None:
        _result(page, report)


def _choose(page: Page, versions: list[Version]) -> Which:
    how = st.segmented_control(
        "Which rows",
        list(_HOW),
        format_func=_HOW.__getitem__,
        default=_LAST,
        required=True,
        key=f"replay-how-{page.project}",
    )
    *places, source_place, version_place = st.columns(
        4 if how == _TIME else 3, vertical_alignment="bottom"
    )
    since = until = last = None
    if how == _TIME:
        since, until = _window(page, *places)
    else:
        last = places[0].number_input(
            "Rows", min_value=1, value=10_000, step=1_000, key=f"replay-last-{page.project}"
        )
    source = source_place.selectbox(
        "From",
        list(_SOURCES),
        format_func=_SOURCES.__getitem__,
        key=f"replay-source-{page.project}",
    )
    names = {_ALL: "any version"} | {one.version: one.label for one in versions}
    scored_by = version_place.selectbox(
        "Scored by", list(names), format_func=names.__getitem__, key=f"replay-by-{page.project}"
    )
    return Which(
        since=since,
        until=until,
        source=None if source == _ALL else source,
        scored_by=None if scored_by == _ALL else scored_by,
        last_rows=int(last) if last else None,
    )


def _window(page: Page, left: Any, middle: Any) -> tuple[datetime, datetime]:
    """Two moments; Streamlit's are without a zone, and taken as UTC."""
    tomorrow = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    tomorrow += timedelta(days=1)
    since = left.datetime_input(
        "Logged since (UTC)",
        tomorrow - timedelta(days=8),
        max_value=None,
        key=f"replay-since-{page.project}",
    )
    until = middle.datetime_input(
        "and before (UTC)", tomorrow, max_value=None, key=f"replay-until-{page.project}"
    )
    return since.replace(tzinfo=UTC), until.replace(tzinfo=UTC)


def _press(page: Page, version: Version, which: Which) -> None:
    if not st.button(
        f"Replay with v{version.version}",
        type="primary",
        icon=":material/replay:",
        key="replay-press",
    ):
        return
    st.session_state[_key(page)] = None
    bar = st.progress(0.0, "Reading the log")

    def told(done: int, total: int) -> None:
        bar.progress(min(1.0, done / max(1, total)), f"{done:,} of up to {total:,} rows")

    with parts.guarded("replay the rows"):
        st.session_state[_key(page)] = replay.run(
            page.settings, page.project, version.version, which, on_progress=told
        )
    bar.empty()


def _result(page: Page, report: Report) -> None:
    said, found = report.summary, report.found
    st.subheader("What it would have said", anchor=False)
    st.markdown(f"{_verdict(report)}, logged {_period(report)}.", help=_exactly(report))
    target = page.spec.target
    parts.figures_row(
        [
            ("Decisions changed", f"{found.changed:,}", "rows that it decides otherwise"),
            (f"now {target.positive_words}", f"{found.to_positive:,}", None),
            (f"now {target.negative_words}", f"{found.to_negative:,}", None),
            (
                "Mean difference",
                number(100 * found.mean_absolute_difference) + " pp",
                "mean of |probability now − probability then|, in percentage points; the largest "
                f"is {100 * found.largest_difference:.1f}",
            ),
            (
                f"Decided {target.positive_words}",
                f"{found.positives_then:,} → {found.positives_now:,}",
                "rows, then → now",
            ),
        ]
    )
    _skipped(report)
    left, right = pairs.pair("replay")
    with left:
        words = (target.negative_words, target.positive_words)
        figure = replay.figure(report, words)
        parts.chart(figure, "replay-figure")
        parts.numbers_below(figure, "replay-figure", "replay_probabilities")
    with right:
        _metrics(report)
    _changed(page, report)
    parts.mlflow_link(page.settings, said["run_id"])


def _verdict(report: Report) -> str:
    """The finding in one line."""
    found, name = report.found, escape(report.version.label)
    if not found.changed:
        return f"{name} **agrees** with what was said on all {found.rows:,} rows"
    return (
        f"{name} decides **{found.changed:,} of {found.rows:,} rows otherwise** "
        f"({share(found.changed / found.rows)})"
    )


def _period(report: Report) -> str:
    first, last = report.found.first, report.found.last
    if first is None or last is None:
        return "never"
    begun, ended = ago(first), ago(last)
    return begun if begun == ended else f"between {begun} and {ended}"


def _exactly(report: Report) -> str:
    first, last = report.found.first, report.found.last
    return f"{exact(first)} to {exact(last)}" if first and last else ""


def _skipped(report: Report) -> None:
    if not report.found.skipped:
        return
    count = sum(report.found.skipped.values())
    reasons = "\n".join(
        f"- {rows:,} × {escape(reason)}" for reason, rows in report.found.skipped.items()
    )
    st.warning(
        f"{count:,} of {report.found.rows_read:,} rows could not be asked about:\n{reasons}",
        icon=":material/rule:",
    )


def _metrics(report: Report) -> None:
    """Then and now side by side, on the rows whose label is known."""
    figures = report.summary["metrics"]
    if figures is None:
        st.markdown("**Which was right?**")
        st.caption(
            "None of these rows has a label yet. Labels that come later can be added on the drift "
            "page; then a replay measures both."
        )
        return
    st.markdown(f"**Which was right?** On {report.summary['labelled_rows']:,} labelled rows")
    rows = [
        _metric_row(key, title, figures["then"][key], figures["now"][key])
        for key, title in _METRICS.items()
    ]
    st.dataframe(rows, hide_index=True)
    st.caption("Rows that a version was trained on flatter it.")


def _metric_row(key: str, title: str, then: float | None, now: float | None) -> dict[str, str]:
    better = ""
    if then is not None and now is not None and then != now:
        better = "now" if (now > then) != (key in _LOWER_IS_BETTER) else "then"
    return {"": title, "then": score(then), "now": score(now), "better": better}


def _changed(page: Page, report: Report) -> None:
    if report.changed.empty:
        return
    target = page.spec.target
    st.markdown("**Rows that it decides otherwise**, the furthest first")
    words = {0: target.negative_words, 1: target.positive_words}
    shown = report.changed.head(_SHOWN_CHANGES)
    shown = shown.assign(
        decision=[
            f"{words[then]} → {words[now]}"
            for then, now in zip(shown["logged_prediction"], shown["prediction"], strict=True)
        ]
    )
    first = ["decision", "logged_probability", "probability", "label"]
    inputs = [c for c in shown.columns if c in page.spec.raw_columns]
    st.dataframe(
        shown[[*first, *inputs, "model_version", "logged_at", "prediction_id"]],
        hide_index=True,
        height=300 if len(shown) > _FEW_ROWS else "auto",
        column_config={
            "logged_probability": st.column_config.NumberColumn("then", format="%.3f"),
            "probability": st.column_config.NumberColumn("now", format="%.3f"),
            "label": st.column_config.NumberColumn("label", help="empty while not known"),
            "model_version": "scored by",
            "logged_at": st.column_config.DatetimeColumn(
                "logged at (UTC)", format="YYYY-MM-DD HH:mm:ss", timezone="UTC"
            ),
        },
    )
    st.download_button(
        "Changed rows (CSV)",
        data=lambda: replay.changed_csv(report),
        file_name=f"{page.project}_replay_v{report.version.version}.csv",
        mime="text/csv",
        icon=":material/download:",
        type="tertiary",
        on_click="ignore",
        key="replay-download",
    )
    kept, every = len(report.changed), report.found.changed
    if kept < every:
        st.caption(
            f"The furthest {kept:,} of {every:,}. `python -m core replay --out FILE` writes every "
            "row with both answers."
        )


def _key(page: Page) -> str:
    return f"replay-{page.project}"
