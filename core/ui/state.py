"""Which project is looked at: in the URL first, so that a link can be shared."""

from __future__ import annotations

import streamlit as st

from core.settings import Settings
from core.ui import cached

_KEY = "courtside_project"


def settings() -> Settings:
    """The workspace's settings, read once per rerun."""
    return Settings.from_env()


def current_project() -> str | None:
    """The project in the URL, else the one last looked at in this tab, else the only sensible.

    Always one that exists, or None where there is no project at all; the URL says which.
    """
    known = cached.known_projects(settings())
    if not known:
        return None
    wanted = st.query_params.get("project") or st.session_state.get(_KEY)
    chosen = wanted if wanted in known else _default(known)
    _remember(chosen)
    return chosen


def unknown_project() -> str | None:
    """The name in the URL if there is no such project."""
    wanted = st.query_params.get("project")
    return wanted if wanted and wanted not in cached.known_projects(settings()) else None


def choose_project(label: str = "Project") -> None:
    """A choice of project in the sidebar; choosing reruns the page with the new one."""
    known = cached.known_projects(settings())
    current = current_project()
    if len(known) < 2 or current is None:
        return
    key = "courtside_project_choice"
    st.session_state[key] = current

    def chosen() -> None:
        _remember(st.session_state[key])

    st.selectbox(label, known, key=key, on_change=chosen)


def _default(known: list[str]) -> str:
    filled = [name for name in known if cached.has_data(settings(), name)]
    return (filled or (["sample"] if "sample" in known else known))[0]


def _remember(project: str) -> None:
    st.session_state[_KEY] = project
    if st.query_params.get("project") != project:
        st.query_params["project"] = project
