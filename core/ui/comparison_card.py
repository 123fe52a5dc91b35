"""A version's model card to take away, and training it again exactly."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.services import model_card, reproduction, training
from core.services.comparison import Version
from core.services.model_card import ModelCard
from core.settings import Settings
from core.ui import cached, pairs, parts
from core.ui.frame import Page
from core.ui.words import escape

_ORDERED = "courtside_reproduction"


def show(page: Page, chosen: Sequence[Version]) -> None:
    """One version, its card in both forms, and the button that trains it again."""
    st.markdown("**Model card, and training again**")
    labels = {version.version: version.label for version in chosen}
    number = st.selectbox(
        "Version", list(labels), format_func=labels.__getitem__, key="card-of", width=360
    )
    version = next(one for one in chosen if one.version == number)
    left, right = pairs.pair("card")
    with left, parts.guarded("make the model card"):
        _card(page, version)
    with right, parts.guarded("train it again"):
        _again(page, version)


def _card(page: Page, version: Version) -> None:
    token = cached.token(page.settings, page.project)
    found = _built(page.settings, page.project, version.version, token)
    with st.container(horizontal=True):
        for suffix, text, mime in (
            ("html", found.html, "text/html"),
            ("md", found.markdown, "text/markdown"),
        ):
            st.download_button(
                f"Card ({suffix.upper()})",
                text,
                file_name=f"{found.file_stem}.{suffix}",
                mime=mime,
                icon=":material/download:",
                key=f"card-{suffix}",
                on_click="ignore",
            )
        if st.button("Log it to the run", key="card-log", icon=":material/bookmark_add:"):
            run_id = model_card.log(page.settings, page.project, found)
            st.toast("Logged.", icon=":material/check:")
            parts.mlflow_link(page.settings, run_id)
    st.caption("Every figure in it is read from what was measured or logged.")


@st.cache_data(show_spinner="Making the card", max_entries=30)
def _built(settings: Settings, project: str, number: str, written: tuple[int, ...]) -> ModelCard:
    return model_card.build(settings, project, number)


def _again(page: Page, version: Version) -> None:
    key = f"{_ORDERED}-{page.project}-{version.version}"
    if st.button(
        "Train again exactly",
        key="train-again",
        icon=":material/replay:",
        help="The same plan on the same data; the result is registered beside the others.",
    ):
        ordered = reproduction.order(page.settings, page.project, version.version)
        job = training.submit(page.settings, ordered.plan)
        st.session_state[key] = (job.job_id, ordered, None)
    if key in st.session_state:
        _follow(page, key)
    else:
        st.caption("Says what changed where data, split or specification are not as they were.")


def _follow(page: Page, key: str) -> None:
    """Where the training that was asked for stands; its outcome once it has ended."""
    job_id, ordered, told = st.session_state[key]
    if told is None:
        jobs = training.listed(page.settings, page.project)
        view = next((job for job in jobs if job.job_id == job_id), None)
        if view is None or view.is_live:
            st.caption("In training; reload to see what came of it, or follow it:")
            parts.link("2_Training", page.project)
            return
        if view.state != "succeeded" or view.result is None:
            st.error(escape(f"The training {view.state}: {view.message}"))
            return
        told = reproduction.conclude(page.settings, page.project, ordered, view.result)
        st.session_state[key] = (job_id, ordered, told)
    show_as = st.success if told["exact"] else st.warning
    show_as(escape(f"{told['sentence']}."))
