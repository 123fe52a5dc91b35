"""The training page: a plan, the job that is running, what came of the last ones."""

from __future__ import annotations

import streamlit as st

from core.services import training
from core.ui import parts, training_jobs, training_plan, training_result
from core.ui.frame import Page

_CHOSEN = "training"


def body(page: Page) -> None:
    """The plan and its button on top, running jobs under it, then results, newest first."""
    jobs = training.listed(page.settings, page.project)
    live = [job for job in jobs if job.is_live]
    ended = [job for job in jobs if not job.is_live]
    training_plan.show(page, busy=bool(live))
    if live:
        training_jobs.live(page.settings, page.project, frozenset(job.job_id for job in live))
    if ended and ended[0].state != "succeeded":
        training_jobs.ended_badly(page, ended[0])
    trained = [job for job in ended if job.result is not None]
    shown = None
    if trained:
        chosen = st.query_params.get(_CHOSEN)
        shown = next((job for job in trained if job.job_id == chosen), trained[0])
        with parts.guarded("show what came of the training"):
            training_result.show(page, shown, newest=shown is trained[0])
    elif not live:
        st.caption("No training has ended yet; its models will be compared here.")
    if ended:
        training_jobs.history(page, ended, shown, _CHOSEN)
