"""Alerts as they are kept: open ones with a way to acknowledge or close them, and what was."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from core.services import alerts
from core.services.alerts import KeptAlert
from core.settings import Settings
from core.ui import parts
from core.ui.frame import Page
from core.ui.words import ago, escape, exact

_MOST_PAST = 20


def kept(settings: Settings, project: str) -> list[KeptAlert]:
    """All alerts of a project, read again when one has changed."""
    return _kept(settings.home, project, alerts.token(settings, project)[0], settings)


@st.cache_data(show_spinner=False, max_entries=50)
def _kept(home: Path, project: str, token: int, _settings: Settings) -> list[KeptAlert]:
    return alerts.alerts(_settings, project)


def show(page: Page) -> None:
    """Open alerts, then what was resolved; nothing where none was ever raised."""
    everything = kept(page.settings, page.project)
    if not everything:
        return
    still = [one for one in everything if one.is_open]
    past = [one for one in everything if not one.is_open]
    unseen = sum(one.acknowledged_at is None for one in still)
    seen = "all acknowledged" if not unseen else f"{unseen} not acknowledged"
    title = f"{len(still)} open alerts, {seen}" if len(still) != 1 else f"1 open alert, {seen}"
    with st.expander(
        title if still else "No open alerts",
        icon=":material/notifications_active:" if unseen else ":material/notifications:",
    ):
        st.caption(
            "An alert opens when a recorded check finds it, and resolves when a later check that "
            "looked at the same thing does not."
        )
        for one in still:
            _open(page, one)
        if past:
            st.markdown(f"**Resolved ({len(past)})**")
            _past(past[:_MOST_PAST])


def _past(past: list[KeptAlert]) -> None:
    parts.timed_list(
        [
            (
                f"{one.message} Resolved: {one.resolution or 'by hand'}",
                one.resolved_at or one.opened_at,
                f"{one.rule}, opened {exact(one.opened_at)}",
            )
            for one in past
        ]
    )


def summary(settings: Settings, project: str, most: int = 4) -> None:
    """The open alerts in short, for Home."""
    still = [one for one in kept(settings, project) if one.is_open]
    if not still:
        return
    for one in still[:most]:
        note = f" · acknowledged: {escape(one.note)}" if one.acknowledged_at else ""
        st.markdown(
            f"{_sign(one)} {escape(one.message)} :small[:gray[{ago(one.opened_at)}{note}]]",
            help=f"{one.rule}, opened {exact(one.opened_at)}",
        )
    if len(still) > most:
        st.caption(f"and {len(still) - most} more on Monitor")


def _open(page: Page, one: KeptAlert) -> None:
    with st.container(horizontal=True, vertical_alignment="top"):
        st.markdown(
            f"{_sign(one)} {escape(one.message)}  \n:small[:gray[{_history(one)}]]",
            help=f"Rule {one.rule}, opened {exact(one.opened_at)}",
            width="stretch",
        )
        with st.popover(
            "Seen" if one.acknowledged_at else "Acknowledge",
            icon=":material/done_all:" if one.acknowledged_at else ":material/visibility:",
            type="tertiary",
            width="content",
        ):
            _answer(page, one)


def _answer(page: Page, one: KeptAlert) -> None:
    note = st.text_input(
        "Note",
        value=one.note,
        placeholder="Who looks into it, or why it is fine",
        key=f"alert-note-{one.alert_id}",
    )
    with st.container(horizontal=True):
        seen = st.button("Acknowledge", key=f"alert-seen-{one.alert_id}", type="primary")
        closed = st.button(
            "Resolve by hand",
            key=f"alert-close-{one.alert_id}",
            help="Closes it; the next check opens it again if it finds the same.",
        )
    if seen or closed:
        with parts.guarded("keep that"):
            act = alerts.acknowledge if seen else alerts.resolve
            act(page.settings, page.project, one.alert_id, note)
            st.rerun()


def _history(one: KeptAlert) -> str:
    said = [f"opened {ago(one.opened_at)} on v{escape(one.version)}"]
    if one.acknowledged_at:
        noted = f": {escape(one.note)}" if one.note else ""
        said.append(f"acknowledged {ago(one.acknowledged_at)}{noted}")
    if one.announced_at:
        said.append(f"told to the webhook {ago(one.announced_at)}")
    if one.failure:
        said.append(f"the webhook did not take it ({escape(one.failure)})")
    return " · ".join(said)


def _sign(one: KeptAlert) -> str:
    return f"{parts.LEVEL_SIGNS.get(one.level, parts.LEVEL_SIGNS['warning'])} **{one.level}**"
