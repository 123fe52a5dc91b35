"""Trainings that have ended: the last one where it went wrong, and all of them as a list."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import streamlit as st

from core.services import overview, training
from core.services.training import JobView
from core.ui import parts
from core.ui.frame import Page
from core.ui.pairs import beside
from core.ui.training_jobs import log, state_markdown
from core.ui.words import ago, duration, escape, exact, megabytes, score, unbroken

_SHOWN = 5


def ended_badly(page: Page, job: JobView) -> None:
    """The last training did not succeed: why, its log, and how to try again."""
    message = escape(job.message) or "It left no message; its log may say more."
    if job.state == "cancelled":
        st.info(f"**The last training was cancelled.** {message}", icon=":material/cancel:")
    elif job.state == "lost":
        st.warning(f"**The last training was lost.** {message}", icon=":material/help:")
    else:
        st.error(f"**The last training failed.** {message}", icon=":material/error:")
    with st.container(horizontal=True, vertical_alignment="center"):
        _retry_button(page, job, "Train again with the same plan", "retry-last")
        _run_link(page, job)
    with st.expander("End of its log", key=f"end-log-{job.job_id}", icon=":material/terminal:"):
        log(page.settings, page.project, job)


def show(page: Page, ended: Sequence[JobView], shown: JobView | None, parameter: str) -> None:
    """Ended trainings, newest first; ``parameter`` of the URL names the one ``shown`` above."""
    st.subheader("Trainings", anchor=False)
    for job in ended[:_SHOWN]:
        _ended_job(page, job, job is shown, parameter)
    if ended[_SHOWN:]:
        with st.expander(f"{len(ended) - _SHOWN} earlier"):
            for job in ended[_SHOWN:]:
                _ended_job(page, job, job is shown, parameter)


def _ended_job(page: Page, job: JobView, shown: bool, parameter: str) -> None:
    moment = datetime.fromisoformat(job.finished_at or job.created_at)
    took = f"{unbroken(ago(moment))} · took {duration(job.elapsed_seconds)}"
    if job.peak_memory_bytes is not None:
        took += f" · {unbroken(megabytes(job.peak_memory_bytes))} of memory at most"
    with beside(f"ended-{job.job_id}"):
        st.markdown(
            f"{state_markdown(job)} **{escape(job.title)}** :gray[· {took}]  \n{_outcome(job)}",
            help=f"{exact(moment)} · job {job.job_id}",
            width="stretch",
        )
        _run_link(page, job)
        if job.result is None:
            _retry_button(page, job, "Retry", "retry")
        elif shown:
            st.caption("shown above", width="content")
        elif st.button("Show", key=f"show-{job.job_id}", help="Show its models above"):
            st.query_params[parameter] = job.job_id
            st.rerun()


def _outcome(job: JobView) -> str:
    if job.result is None:
        return f":gray[{escape(job.message) or 'no message'}]"
    made = (
        f"v{model['version']} {escape(training.title_of(model['algorithm']))} "
        f"ROC AUC {score(model['test']['roc_auc'])}"
        for model in job.result["models"]
    )
    return f":gray[{' · '.join(made)}]"


def _run_link(page: Page, job: JobView) -> None:
    """Into MLflow, where its pages run; the result's own link says how to start them."""
    run_id = job.attachments.get("run_id") or (job.result or {}).get("run_id")
    if run_id is None or overview.tracking_address(page.settings) is None:
        return
    parts.mlflow_link(page.settings, run_id, "MLflow")


def _retry_button(page: Page, job: JobView, label: str, key: str) -> None:
    if st.button(label, key=f"{key}-{job.job_id}", icon=":material/replay:"):
        with parts.guarded("start the training again"):
            training.retry(page.settings, page.project, job.job_id)
            st.toast("The same plan has started again.")
            st.rerun()
