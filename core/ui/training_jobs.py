"""Training jobs that run or wait, as a person follows them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import streamlit as st

from core.services import training
from core.services.training import JobView, ModelProgress
from core.settings import Settings
from core.ui import parts
from core.ui.pairs import beside
from core.ui.training_plan import rounded
from core.ui.training_words import METRIC_WORDS, job_words
from core.ui.words import ago, duration, escape, score, unbroken

_STATES: dict[str, tuple[str, Any, str]] = {
    "queued": ("waiting", "gray", ":material/schedule:"),
    "running": ("running", "blue", ":material/progress_activity:"),
    "succeeded": ("succeeded", "green", ":material/check_circle:"),
    "failed": ("failed", "red", ":material/error:"),
    "cancelled": ("cancelled", "gray", ":material/cancel:"),
    "lost": ("lost", "orange", ":material/help:"),
}
# What a model's step is called while it goes on.
_DOING = {
    "baseline": "fitting at its usual settings",
    "tuning": "tuning",
    "measuring": "measuring on the holdout",
    "learning": "drawing its learning curve",
    "storing": "storing it in MLflow",
    "registering": "proving and registering",
}
# How a model stands while another one's step goes on.
_STANDING = {
    "kept": (":green[:material/check:]", ":green[measured], to be stored at the end"),
    "stored": (":green[:material/check:]", ":green[measured and stored], to be registered next"),
    "done": (":green[:material/check_circle:]", ":green[registered]"),
    "left out": (":orange[:material/error:]", ":orange[left out], the log says why"),
}


def nothing_yet() -> None:
    """What a training does, before there has been any."""
    with st.container(border=True):
        st.markdown("**No training has ended yet.** One press of *Train* will")
        st.markdown(
            "1. fit every candidate on all folds and keep each algorithm's best,\n"
            "2. measure it on the holdout, which decided nothing,\n"
            "3. store it, load it back and check that it gives the same figures,\n"
            "4. register it. The best of the first training becomes champion."
        )
        st.caption(
            "It runs in a process of its own: close the page or restart the app, and it goes on."
        )


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
        waiting = 0
        for job in reversed(now):
            waiting += job.state == "queued"
            with st.container(border=True, key=f"live-{job.job_id}"):
                head(settings, project, job)
                if job.state == "queued":
                    st.caption(_place_words(job, waiting))
                else:
                    _running(settings, project, job)


def head(settings: Settings, project: str, job: JobView) -> None:
    """The job's state, title and plan, and the button that stops it."""
    with beside(f"head-{job.job_id}"):
        st.markdown(
            f"{state_markdown(job)} **{escape(job.title)}**  \n{job_words(settings, project, job)}",
            width="stretch",
        )
        cancelled = st.button(
            "Cancel",
            key=f"cancel-{job.job_id}",
            icon=":material/stop_circle:",
            help="Stops it and everything it started. Models of it that are registered already "
            "stay; nothing half-made is.",
        )
    if cancelled:
        with st.spinner("Stopping it"), parts.guarded("cancel the training"):
            training.cancel(settings, project, job.job_id)
            st.toast("Cancelled.", icon=":material/cancel:")
            st.rerun()


def progress(settings: Settings, project: str, job: JobView) -> None:
    """What a job is doing, how much of it is done, how long it took and may still take."""
    fraction = job.progress.fraction if job.progress else 0.0
    st.progress(fraction, text=escape(stage_words(job)))
    st.caption(_clock(settings, project, job))


def _running(settings: Settings, project: str, job: JobView) -> None:
    progress(settings, project, job)
    metric = METRIC_WORDS.get(
        found := training.plan_of(settings, project, job.job_id).metric, found
    )
    for model in training.timeline(settings, project, job.job_id):
        st.markdown(model_words(model, METRIC_WORDS.get(metric, metric)))
    with st.expander("Log", key=f"log-{job.job_id}", icon=":material/terminal:"):
        log(settings, project, job)


def _place_words(job: JobView, place: int) -> str:
    before = "the training before it" if place == 1 else f"{place} trainings before it"
    asked = ago(datetime.fromisoformat(job.created_at))
    return (
        f"{stage_words(job)} · asked for {asked}"
        if place == 1
        else (f"Waiting for {before} to end · asked for {asked}")
    )


def stage_words(job: JobView) -> str:
    """What a live job is doing, with true counts where it counts something."""
    if job.state == "queued":
        return "Waiting for the training before it to end"
    progress = job.progress
    if progress is None:
        return "Starting its process"
    if progress.total <= 1:
        return progress.stage
    return f"{progress.stage}: {progress.done:,} of {progress.total:,} {progress.detail}".rstrip()


def model_words(model: ModelProgress, metric: str) -> str:
    """Two lines on one model: where it stands, and what its search has come to."""
    title = f"**{escape(model.title)}**"
    tried = f"{model.candidates_total:,} candidates × {model.folds} folds"
    if model.step == "waiting":
        return f":gray[:material/circle:] {title} :gray[waiting]  \n:small[:gray[{tried}]]"
    if model.fits:
        tried = f"{model.candidates:,} of {tried}"
    best = f" · best {metric} {score(model.best)}" if model.best is not None else ""
    took = f" · {duration(model.elapsed_seconds or 0)}"
    if model.step in _STANDING:
        sign, doing = _STANDING[model.step]
    else:
        sign = ":blue[:material/radio_button_checked:]"
        doing = f":blue[{_DOING.get(model.step, model.step)}]"
        if model.tuning_left_seconds:
            took += f", tuning ends in {unbroken(f'about {rounded(model.tuning_left_seconds)}')}"
    return f"{sign} {title} {doing}  \n:small[:gray[{tried}{best}{took}]]"


def _clock(settings: Settings, project: str, job: JobView) -> str:
    said = f"{duration(job.elapsed_seconds)} so far"
    left = training.remaining_seconds(settings, project, job)
    return f"{said} · about {rounded(left)} left" if left is not None else said


def state_markdown(job: JobView) -> str:
    """The job's state by colour, sign and word."""
    word, colour, icon = _STATES[job.state]
    return f":{colour}-badge[{icon} {word}]"


def log(settings: Settings, project: str, job: JobView) -> None:
    """When each stage began, and the end of what the worker printed."""
    begun = training.stages_of(settings, project, job.job_id)
    text = training.log_tail(settings, project, job.job_id)
    lines = [f"{moment:%H:%M:%S} UTC  {stage}" for moment, stage in begun]
    nothing = "Nothing yet" if job.is_live else "It ended before it printed anything."
    st.code("\n".join([*lines, text.strip()]).strip() or nothing, language=None, wrap_lines=True)
