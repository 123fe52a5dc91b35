"""Labels that come late: a file with prediction ids and outcomes, joined to what was logged."""

from __future__ import annotations

import streamlit as st

from core.services import monitoring, uploads
from core.services.monitoring import LabelCount
from core.ui import parts
from core.ui.frame import Page


def show(page: Page) -> None:
    """The upload, and what the last one brought."""
    with st.expander("Add late labels", icon=":material/label:"):
        target = page.spec.target
        given = st.file_uploader(
            "Labels (parquet or CSV)",
            type=["parquet", "csv"],
            key=f"monitor-labels-{page.project}",
            help=f"Two columns: prediction_id as in the scored files{_own_id(page)}, and "
            f"{target.column}.",
        )
        if given is not None and parts.is_empty_file(given.name, given.size):
            return
        pressed = st.button(
            "Add labels",
            icon=":material/add:",
            disabled=given is None,
            help="Choose a file first." if given is None else None,
            key="monitor-add-labels",
        )
        if pressed and given is not None:
            with parts.guarded("add the labels"):
                with (
                    st.spinner("Joining labels to logged predictions"),
                    uploads.received(page.settings, page.project, given.name, given) as path,
                ):
                    added = monitoring.add_labels(page.settings, page.spec, path)
                st.session_state[_key(page)] = added
                st.rerun()
        count = st.session_state.get(_key(page))
        if count is not None:
            st.info(words(count), icon=":material/label:")


def _own_id(page: Page) -> str:
    return f" or your own {page.spec.identify}" if page.spec.identify else ""


def words(count: LabelCount) -> str:
    """What a label file brought, in one or two sentences."""
    said = f"{count.joined:,} labels were new and have been added."
    others = [
        (count.repeated, "were known already"),
        (count.contradicting, "contradict a known label, which stays"),
        (count.unknown, "belong to no logged prediction and were left out"),
        (count.empty, "rows hold no label"),
    ]
    rest = [f"{number:,} {what}" for number, what in others if number]
    return said + (f" Of the others, {'; '.join(rest)}." if rest else "")


def _key(page: Page) -> str:
    return f"monitor-labels-count-{page.project}"
