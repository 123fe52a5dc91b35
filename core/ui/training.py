"""The training page: a plan beside the job that is running, then what came of the last ones."""

from __future__ import annotations

import streamlit as st

from core.services import training
from core.services.training import JobView
from core.ui import parts, training_history, training_jobs, training_plan, training_result
from core.ui.frame import Page
from core.ui.pairs import pair

_CHOSEN = "training"
# A job that runs, or how the last one ended, is what one looks for: where both sides do not fit
# beside each other it comes first. And what runs is drawn anew every second: what is a second old
# is not faded meanwhile.
_STYLE = (
    "<style>@media (max-width: 1000px) {.st-key-pair-wide-training:has([class*=st-key-live-], "
    ".st-key-last-training) > div:last-child {order: -1}} "
    "[class*=st-key-live-] [data-stale=true] {opacity: 1 !important}</style>"
)


def body(page: Page) -> None:
    """The plan on the left, what is going on beside it, the results below, newest first."""
    jobs = training.listed(page.settings, page.project)
    live = [job for job in jobs if job.is_live]
    ended = [job for job in jobs if not job.is_live]
    st.html(_STYLE)
    left, right = pair("training", wide_right=True)
    with left:
        training_plan.show(page, busy=bool(live))
    with right:
        _now(page, live, ended)
    trained = [job for job in ended if job.result is not None]
    shown = None
    if trained:
        chosen = st.query_params.get(_CHOSEN)
        shown = next((job for job in trained if job.job_id == chosen), trained[0])
        with parts.guarded("show what came of the training"):
            training_result.show(
                page,
                shown,
                newest=shown is trained[0],
                in_short_above=not live and shown is ended[0],
            )
    if ended:
        training_history.show(page, ended, shown, _CHOSEN)


def _now(page: Page, live: list[JobView], ended: list[JobView]) -> None:
    """Running and waiting jobs; where there are none, how the last one ended.

    Above it what went wrong of late, and is neither of these.
    """
    told = [] if live else ended[:1]
    unsettled = training_history.unsettled(page, [*live, *ended])
    training_history.tell_unsettled(page, [job for job in unsettled if job not in told])
    if live:
        training_jobs.live(page.settings, page.project, frozenset(job.job_id for job in live))
    elif not ended:
        training_jobs.nothing_yet()
    else:
        with st.container(key="last-training"):
            succeeded = ended[0].state == "succeeded"
            tell = training_result.in_short if succeeded else training_history.ended_badly
            tell(page, ended[0])
