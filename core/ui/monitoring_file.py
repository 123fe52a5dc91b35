"""A check of a file that was never scored: its drift, and nothing is logged."""

from __future__ import annotations

import streamlit as st

from core.services import monitoring, monitoring_figures, uploads
from core.services.monitoring import Report
from core.ui import parts
from core.ui.frame import Page
from core.ui.words import escape


def show(page: Page) -> None:
    """The upload, and what the last one looks like beside the reference."""
    with st.expander("Check a file before it is scored", icon=":material/upload_file:"):
        st.caption(
            "Compares a file with what the champion is held against: its training data, or the "
            "production rows that it was retrained for. It is not scored, and nothing is logged: "
            "only what its columns show is judged."
        )
        given = st.file_uploader(
            "Rows (parquet or CSV)",
            type=["parquet", "csv"],
            key=f"monitor-file-{page.project}",
        )
        if given is not None and parts.is_empty_file(given.name, given.size):
            return
        pressed = st.button(
            "Check the file",
            icon=":material/fact_check:",
            disabled=given is None,
            help="Choose a file first." if given is None else None,
            key="monitor-check-file",
        )
        if pressed and given is not None:
            with (
                parts.guarded("check the file"),
                st.spinner("Judging the file"),
                uploads.received(page.settings, page.project, given.name, given) as path,
            ):
                report = monitoring.check_file(page.settings, page.project, path, given.name)
                st.session_state[_key(page)] = (given.name, report)
        kept = st.session_state.get(_key(page))
        if kept is not None:
            _result(page, *kept)


def _result(page: Page, name: str, report: Report) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        parts.level_badge(report.assessment.level)
        st.markdown(f"{report.window.rows:,} rows of {escape(name)}", width="content")
    st.markdown(f"**{escape(report.assessment.verdict)}**")
    parts.chart(monitoring_figures.drift(report.drift), "file-drift")
    for one in report.slices:
        st.markdown(f"- {escape(one.sentence)}")
    download(page, report, "file")


def download(page: Page, report: Report, key: str) -> None:
    """The report of a check as one HTML file."""
    st.download_button(
        "Report (HTML)",
        data=lambda: monitoring.report_html(page.settings, page.project, report).encode(),
        file_name=f"{page.project}_check.html",
        mime="text/html",
        icon=":material/download:",
        key=f"monitor-report-{key}",
        help="One file with every chart; it opens in any browser, without a network.",
        on_click="ignore",
    )


def _key(page: Page) -> str:
    return f"monitor-file-report-{page.project}"
