"""Training jobs as a person follows them: running ones live, ended ones as a list."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import streamlit as st

from core.services import training
from core.services.training import JobView
from core.settings import Settings
from core.ui import parts
from core.ui.frame import Page
from core.ui.training_plan import rounded
from core.ui.words import ago, duration, escape, exact

_STATES: dict[str, tuple[str, Any, str]] = {
    "queued": ("waiting", "gray", ":material/schedule:"),
    "running": ("running", "blue", ":material/progress_activity:"),
    "succeeded": ("succeeded", "green", ":material/check_circle:"),
    "failed": ("failed", "red", ":material/error:"),
    "cancelled": ("cancelled", "gray", ":material/cancel:"),
    "lost": ("lost", "orange", ":material/help:"),
}
_SHOWN = 5


@st.fragment(run_every="1s")
def live(settings: Settings, project: str, drawn: frozenset[str]) -> None:
    """Jobs that run or wait, read from disk every second.

    ``drawn``: ids of those that were live when the page was drawn; once one of them has ended
    the whole page is drawn again, to show what came of it.
    """
    with parts.guarded("read the running trainings"):
        now = [job for job in training.listed(settings, project) if job.is_live]
        if drawn - {job.job_id for job in now}:
            st.rerun()
        for job in reversed(now):
            with st.container(border=True, key=f"live-{job.job_id}"):
                _live_job(settings, project, job)


def _live_job(settings: Settings, project: str, job: JobView) -> None:
    words, stop = st.columns([5, 1], vertical_alignment="center")
    with words, st.container(horizontal=True, vertical_alignment="center"):
        _state_badge(job)
        st.markdown(f"**{escape(job.title)}**")
        st.caption(_clock(settings, project, job))
    with stop.container(horizontal_alignment="right"):
        cancelled = st.button(
            "Cancel",
            key=f"cancel-{job.job_id}",
            icon=":material/stop_circle:",
            help="Stops it and everything it started; nothing of it is registered.",
        )
    progress = job.progress
    fraction = progress.fraction if progress else 0.0
    st.progress(fraction, text=escape(stage_words(job)))
    if job.state == "running":
        with st.expander("Log", key=f"log-{job.job_id}", icon=":material/terminal:"):
            _log(settings, project, job)
    if cancelled:
        with st.spinner("Stopping it"), parts.guarded("cancel the training"):
            training.cancel(settings, project, job.job_id)
            st.toast("Cancelled.", icon=":material/cancel:")
            st.rerun()


def stage_words(job: JobView) -> str:
    """What a live job is doing, with true counts where it counts something."""
    if job.state == "queued":
        return "Waiting for the training before it to end"
    progress = job.progress
    if progress is None:
        return "Starting"
    if progress.total <= 1:
        return progress.stage
    counted = f"{progress.done:,} of {progress.total:,} {progress.detail}".rstrip()
    best = f", best so far {progress.best_score:.4f}" if progress.best_score is not None else ""
    return f"{progress.stage}: {counted}{best}"


def _clock(settings: Settings, project: str, job: JobView) -> str:
    if job.state == "queued":
        return f"asked for {ago(datetime.fromisoformat(job.created_at))}"
    said = f"{duration(job.elapsed_seconds)} so far"
    left = training.remaining_seconds(settings, project, job.job_id)
    return f"{said} · about {rounded(left)} left" if left is not None else said


def ended_badly(page: Page, job: JobView) -> None:
    """The last training did not succeed: why, its log, and how to try again."""
    with st.container(border=True):
        message = escape(job.message) or "It left no message; its log may say more."
        if job.state == "cancelled":
            st.info(f"**The last training was cancelled.** {message}", icon=":material/cancel:")
        else:
            st.error(
                f"**The last training {_ended_words(job)}.** {message}", icon=":material/error:"
            )
        with st.expander("End of its log", key=f"end-log-{job.job_id}", icon=":material/terminal:"):
            _log(page.settings, page.project, job)
        _retry_button(page, job, "Train again with the same plan", "retry-last")


def _ended_words(job: JobView) -> str:
    return "was lost: its process ended without a word" if job.state == "lost" else "failed"


def history(page: Page, ended: Sequence[JobView], shown: JobView | None, parameter: str) -> None:
    """Ended trainings, newest first; ``parameter`` of the URL names the one ``shown`` above."""
    st.subheader("Trainings", anchor=False)
    for job in ended[:_SHOWN]:
        _ended_job(page, job, job is shown, parameter)
    if ended[_SHOWN:]:
        with st.expander(f"{len(ended) - _SHOWN} earlier"):
            for job in ended[_SHOWN:]:
                _ended_job(page, job, job is shown, parameter)


def _ended_job(page: Page, job: JobView, shown: bool, parameter: str) -> None:
    what, act = st.columns([5, 1], vertical_alignment="center")
    moment = datetime.fromisoformat(job.finished_at or job.created_at)
    took = f":gray[· {ago(moment)} · took {duration(job.elapsed_seconds)}]"
    what.markdown(
        f"{_state_markdown(job)} **{escape(job.title)}** {took}  \n{_outcome(job)}",
        help=f"{exact(moment)} · job {job.job_id}",
    )
    with act.container(horizontal_alignment="right"):
        if job.result is None:
            _retry_button(page, job, "Retry", "retry")
        elif shown:
            st.caption("shown above")
        elif st.button("Show", key=f"show-{job.job_id}", help="Show its models above"):
            st.query_params[parameter] = job.job_id
            st.rerun()


def _outcome(job: JobView) -> str:
    if job.result is None:
        return f":gray[{escape(job.message) or 'no message'}]"
    made = (
        f"v{model['version']} {escape(training.title_of(model['algorithm']))} "
        f"ROC AUC {model['test']['roc_auc']:.3f}"
        for model in job.result["models"]
    )
    return f":gray[{' · '.join(made)}]"


def _retry_button(page: Page, job: JobView, label: str, key: str) -> None:
    if st.button(label, key=f"{key}-{job.job_id}", icon=":material/replay:"):
        with parts.guarded("start the training again"):
            training.retry(page.settings, page.project, job.job_id)
            st.toast("The same plan has started again.")
            st.rerun()


def _state_badge(job: JobView) -> None:
    word, colour, icon = _STATES[job.state]
    st.badge(word, icon=icon, color=colour)


def _state_markdown(job: JobView) -> str:
    word, colour, icon = _STATES[job.state]
    return f":{colour}-badge[{icon} {word}]"


def _log(settings: Settings, project: str, job: JobView) -> None:
    begun = training.stages(settings, project, job.job_id)
    text = training.log_tail(settings, project, job.job_id)
    lines = [f"{moment:%H:%M:%S} UTC  {stage}" for moment, stage in begun]
    st.code(
        "\n".join([*lines, text.strip()]).strip() or "Nothing yet", language=None, wrap_lines=True
    )
