"""Files that are scored in the background: what runs, what has ended, the result to look at."""

from __future__ import annotations

import streamlit as st

from core.services import scoring, scoring_jobs
from core.services.scoring import FileResult
from core.services.scoring_jobs import JobView
from core.settings import Settings
from core.ui import parts
from core.ui.frame import Page
from core.ui.words import ago, duration, escape, exact

_PARAMETER = "scored"
_SHOWN = 5
_ENDINGS = {
    "succeeded": ":green-badge[:material/check_circle: scored]",
    "failed": ":red-badge[:material/error: failed]",
    "cancelled": ":gray-badge[:material/cancel: cancelled]",
    "lost": ":orange-badge[:material/help: lost]",
}


def show(page: Page) -> None:
    """Running jobs live, ended ones as a list; nothing where there never was one."""
    with parts.guarded("finish a scoring that was interrupted"):
        scoring.finish_interrupted(page.settings, page.project)
    with parts.guarded("read the background jobs"):
        found = scoring_jobs.listed(page.settings, page.project)
        running = frozenset(job.job_id for job in found if job.is_live)
        if running:
            _live(page.settings, page.project, running)
        ended = [job for job in found if not job.is_live]
        if ended:
            with st.expander(f"Scored in the background ({len(ended)})", expanded=not running):
                resumable = scoring_jobs.resumable(page.settings, page.project)
                for job in ended[:_SHOWN]:
                    _ended(page, job, resumable.get(job.job_id))


def chosen(page: Page) -> FileResult | None:
    """The result that the URL names, or that of the newest job if it was the last to be scored."""
    wanted = st.query_params.get(_PARAMETER)
    if not wanted:
        return None
    for job in scoring_jobs.listed(page.settings, page.project):
        if job.job_id == wanted and job.result is not None:
            return scoring.result_from_json(page.settings, page.project, job.result)
    return None


def leave(page: Page) -> None:
    """Another result is looked at now."""
    st.query_params.pop(_PARAMETER, None)


@st.fragment(run_every="1s")
def _live(settings: Settings, project: str, drawn: frozenset[str]) -> None:
    """Jobs that run or wait, from disk every second; the page is drawn anew when one has ended."""
    with parts.guarded("read the background jobs"):
        now = [job for job in scoring_jobs.listed(settings, project) if job.is_live]
        ended = drawn - {job.job_id for job in now}
        if ended:
            st.query_params[_PARAMETER] = max(ended)
            st.session_state[f"scoring-result-{project}"] = None
            st.rerun()
        for job in reversed(now):
            with st.container(border=True, key=f"scoring-live-{job.job_id}"):
                _running(settings, project, job)


def _running(settings: Settings, project: str, job: JobView) -> None:
    words, stop = st.columns([5, 1], vertical_alignment="center")
    state = "running" if job.state == "running" else "waiting"
    words.markdown(
        f":blue-badge[:material/progress_activity: {state}] **{escape(job.title)}** "
        f":gray[{duration(job.elapsed_seconds)} so far]"
    )
    with stop.container(horizontal_alignment="right"):
        pressed = st.button(
            "Cancel",
            icon=":material/stop_circle:",
            key=f"scoring-cancel-{job.job_id}",
            help="Nothing of it is logged then, as long as it is not through.",
        )
    st.progress(job.progress.fraction if job.progress else 0.0, text=escape(_stage(job)))
    if pressed:
        with st.spinner("Stopping it"), parts.guarded("cancel the scoring"):
            scoring_jobs.cancel(settings, project, job.job_id)
            st.rerun()


def _stage(job: JobView) -> str:
    progress = job.progress
    if job.state == "queued":
        return "Waits for another job to end"
    if progress is None:
        return "Starting"
    if progress.total <= 1:
        return progress.stage
    return f"{progress.done:,} of {progress.total:,} {progress.detail}"


def _ended(page: Page, job: JobView, finished_rows: int | None) -> None:
    """One line; ``finished_rows``: those it had logged, which a retry takes over."""
    what, act = st.columns([5, 1], vertical_alignment="center")
    said = escape(job.message)
    if finished_rows is not None:
        said += (
            f" By then all its {finished_rows:,} rows were logged; a retry shows what they gave "
            "and logs none again."
        )
    elif logged := scoring_jobs.rows_logged(job):
        said += f" By then all its {logged:,} rows were logged; a retry logs them once more."
    if job.result is not None:
        summary = job.result["summary"]
        said = (
            f"{summary['rows_scored']:,} rows scored, {summary['rows_rejected']:,} rejected, "
            f"{summary['rows_per_second']:,.0f} rows/s"
        )
    what.markdown(
        f"{_ENDINGS[job.state]} **{escape(job.title)}** "
        f":gray[· {ago(job.moment)} · took {duration(job.elapsed_seconds)}]  \n:gray[{said}]",
        help=f"{exact(job.moment)} · job {job.job_id}",
    )
    with act.container(horizontal_alignment="right"):
        if job.result is None:
            if st.button("Retry", key=f"scoring-retry-{job.job_id}", icon=":material/replay:"):
                scoring_jobs.retry(page.settings, page.project, job.job_id)
                st.rerun()
        elif st.query_params.get(_PARAMETER) == job.job_id:
            st.caption("shown below")
        elif st.button("Show", key=f"scoring-show-{job.job_id}"):
            st.query_params[_PARAMETER] = job.job_id
            st.session_state[f"scoring-result-{page.project}"] = None
            st.rerun()
