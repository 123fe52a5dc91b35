"""Trainings that have ended: the last one where it went wrong, and all of them as a list."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import streamlit as st

from core.services import overview, training
from core.services.comparison import judged
from core.services.training import JobView
from core.ui import cached, parts
from core.ui.frame import Page
from core.ui.pairs import beside
from core.ui.training_jobs import log, state_markdown
from core.ui.training_words import job_words
from core.ui.words import ago, duration, escape, exact, megabytes, score, unbroken

_SHOWN = 5
_TOLD = 3


def ended_badly(page: Page, job: JobView) -> None:
    """The last training did not succeed: why, its log, and how to try again."""
    message = escape(job.message) or "It left no message; its log may say more."
    if job.state == "cancelled":
        st.info(f"**The last training was cancelled.** {message}", icon=":material/cancel:")
    elif job.state == "lost":
        st.warning(f"**The last training was lost.** {message}", icon=":material/help:")
    else:
        st.error(f"**The last training failed.** {message}", icon=":material/error:")
    with beside(f"ended-badly-{job.job_id}"):
        st.markdown(
            f"**{escape(job.title)}**  \n{job_words(page.settings, page.project, job)}",
            width="stretch",
        )
        _run_link(page, job)
        _retry_button(page, job, "last")
    if job.started_at is not None:
        with st.expander("End of its log", key=f"end-log-{job.job_id}", icon=":material/terminal:"):
            log(page.settings, page.project, job)


def unsettled(page: Page, jobs: Sequence[JobView]) -> list[JobView]:
    """Lost or failed, and neither started again nor followed by a training that succeeded.

    What waited behind it already does not count: who asked for that knew nothing of the loss.
    ``jobs``: all of the project, those that have ended by when they did.
    """
    good = [datetime.fromisoformat(job.created_at) for job in jobs if job.state == "succeeded"]
    bad = [
        job
        for job in jobs
        if job.state in ("lost", "failed") and all(job.moment >= asked for asked in good)
    ]
    if not bad:
        return []
    plans = {job.job_id: training.plan_of(page.settings, page.project, job.job_id) for job in jobs}
    return [
        job
        for job in bad
        if not any(
            plan == plans[job.job_id] and later > job.job_id for later, plan in plans.items()
        )
    ]


def tell_unsettled(page: Page, jobs: Sequence[JobView]) -> None:
    """A line each, above what runs: it would be easy to miss in the list further down."""
    if not jobs:
        return
    with st.container(border=True, key="unsettled"):
        for job in jobs[:_TOLD]:
            with beside(f"unsettled-{job.job_id}"):
                st.markdown(_title(page, job), width="stretch")
                with st.container(horizontal=True, width="content"):
                    _log_button(page, job, "unsettled")
                    _retry_button(page, job, "unsettled")
            st.markdown(_outcome(page, job))
        if jobs[_TOLD:]:
            st.caption(f"{len(jobs) - _TOLD} more in the list further down.")


def show(page: Page, ended: Sequence[JobView], shown: JobView | None, parameter: str) -> None:
    """Ended trainings, the last one first; ``parameter`` of the URL names the one ``shown``."""
    st.subheader("Trainings", anchor=False)
    for job in ended[:_SHOWN]:
        _ended_job(page, job, job is shown, parameter)
    if ended[_SHOWN:]:
        with st.expander(f"{len(ended) - _SHOWN} earlier"):
            for job in ended[_SHOWN:]:
                _ended_job(page, job, job is shown, parameter)


def _ended_job(page: Page, job: JobView, shown: bool, parameter: str) -> None:
    with beside(f"ended-{job.job_id}"):
        _line(page, job)
        _run_link(page, job)
        if job.result is None:
            with st.container(horizontal=True, width="content"):
                _log_button(page, job, "list")
                _retry_button(page, job, "list")
        elif shown:
            st.caption("shown above", width="content")
        elif st.button("Show", key=f"show-{job.job_id}", help="Show its models above"):
            st.query_params[parameter] = job.job_id
            st.rerun()


def _line(page: Page, job: JobView) -> None:
    """How a training ended and when, its plan, and what it made or why it made nothing."""
    took = unbroken(ago(job.moment))
    if job.started_at is not None:
        took += f" · took {duration(job.elapsed_seconds)}"
    if job.peak_memory_bytes is not None:
        took += f" · {unbroken(megabytes(job.peak_memory_bytes))} of memory at most"
    st.markdown(
        f"{_title(page, job, took)}  \n{_outcome(page, job)}",
        help=f"{exact(job.moment)} · job {job.job_id}",
        width="stretch",
    )


def _title(page: Page, job: JobView, further: str = "") -> str:
    more = f" :gray[· {further}]" if further else ""
    words = job_words(page.settings, page.project, job)
    return f"{state_markdown(job)} **{escape(job.title)}**{more}  \n{words}"


def _outcome(page: Page, job: JobView) -> str:
    """Its models with the figures that their versions are known by, or why it made none."""
    if job.result is None:
        return f":gray[{escape(job.message) or 'no message'}]"
    known = {one.version: one for one in cached.versions(page.settings, page.project)}
    made = []
    for model in job.result["models"]:
        version = known.get(model["version"])
        auc = judged(version).figure("roc_auc", "ROC AUC") if version is not None else ""
        auc = auc or f"ROC AUC {score(model['test']['roc_auc'])}"
        made.append(f"v{model['version']} {escape(training.title_of(model['algorithm']))} {auc}")
    return f":gray[{' · '.join(made)}]"


def _run_link(page: Page, job: JobView) -> None:
    """Into MLflow, where its pages run; the result's own link says how to start them."""
    run_id = job.attachments.get("run_id") or (job.result or {}).get("run_id")
    if run_id is None or overview.tracking_address(page.settings) is None:
        return
    parts.mlflow_link(page.settings, run_id, "MLflow")


def _log_button(page: Page, job: JobView, place: str) -> None:
    """The end of its log, read once it is asked for; none where nothing was ever started."""
    if job.started_at is None:
        return
    shown = st.popover(
        "Log",
        key=f"log-{place}-{job.job_id}",
        icon=":material/terminal:",
        help="The end of its log",
        on_change="rerun",
    )
    if shown.open:
        with shown:
            log(page.settings, page.project, job)


def _retry_button(page: Page, job: JobView, place: str) -> None:
    """One name for it wherever it stands; ``place`` tells the buttons of one job apart."""
    if st.button(
        "Retry",
        key=f"retry-{place}-{job.job_id}",
        icon=":material/replay:",
        help="Starts the same plan again",
    ):
        with parts.guarded("start the training again"):
            training.retry(page.settings, page.project, job.job_id)
            st.toast("The same plan has started again.")
            st.rerun()
