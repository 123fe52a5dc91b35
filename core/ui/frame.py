"""The frame of every page: title, navigation, project, status line, and the error boundary."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import streamlit as st

from core.errors import BadInput, CourtsideError
from core.services import overview
from core.services.comparison import judged
from core.services.overview import Standing
from core.settings import Settings
from core.ui import cached, garbage, parts, state
from core.ui.words import ago, escape, exact

_STATUS_SECONDS = 5


@dataclass(frozen=True)
class Page:
    """What a page's body gets: the workspace and the project looked at."""

    settings: Settings
    project: str
    spec: Any


def show(title: str, purpose: str, body: Callable[[Page], None]) -> None:
    """Draw a page: frame first, so that it paints at once, then the body, then the status line.

    A page that was opened by a deep link needs nothing of any other page.
    """
    st.set_page_config(
        page_title=f"{title} · Courtside",
        page_icon="🏀",
        layout="wide",
        initial_sidebar_state=230,
    )
    cached.warm_up()
    st.html("<style>[data-testid=stMainBlockContainer]{padding-top:2.6rem}</style>")
    try:
        settings = state.settings()
        unknown = state.unknown_project()
        project = state.current_project()
    except CourtsideError as exc:
        st.error(escape(str(exc)), icon=":material/error:")
        return
    _sidebar(settings, project)
    st.title(title, anchor=False)
    st.markdown(purpose)
    status = st.empty()
    if unknown:
        st.warning(f"There is no project “{escape(unknown)}” here; this is another one.")
    if project is None:
        st.info("There is no project yet; Home makes the sample with one press.")
        return
    try:
        page = Page(settings, project, cached.spec(settings, project))
    except BadInput as exc:
        st.error(escape(str(exc)), icon=":material/error:")
        return
    with parts.guarded(f"show {title}"):
        body(page)
    with status.container():
        _status_line(settings, project)


def _sidebar(settings: Settings, project: str | None) -> None:
    with st.sidebar:
        st.markdown("### :material/sports_basketball: Courtside")
        state.choose_project()
        for page in parts.PAGES:
            parts.link(page, project)
        address = overview.tracking_address(settings)
        if address:
            st.link_button("MLflow", address, icon=":material/open_in_new:", type="tertiary")
        else:
            st.caption("`make tracking` opens MLflow's own pages here.")


@st.fragment(run_every=_STATUS_SECONDS)
def _status_line(settings: Settings, project: str) -> None:
    """Read again while the page is open: other tabs, people and jobs move the project, too."""
    with parts.guarded("read where the project stands"):
        words, exactly = _status(cached.standing(settings, project))
        st.caption(words, help=exactly)
    garbage.keep_libraries()


def _status(standing: Standing) -> tuple[str, str | None]:
    """The project, its champion and what was done last; when exactly that was."""
    champion = "no champion yet"
    if standing.champion is not None:
        version = standing.champion
        figure = judged(version).figure("roc_auc", ", ROC AUC")
        champion = f"champion v{version.version} {version.title}{figure}"
    last, exactly = "nothing done yet", None
    if standing.last is not None:
        last = f"last: {overview.describe(standing.last)}, {ago(standing.last.moment)}"
        exactly = exact(standing.last.moment)
    return f"**{escape(standing.title)}** · {escape(champion)} · {escape(last)}", exactly
