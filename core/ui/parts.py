"""Small pieces that pages share: charts with their numbers, levels, links, empty states."""

from __future__ import annotations

import html
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import streamlit as st

from core import palette
from core.errors import BadInput, CourtsideError
from core.services import overview
from core.settings import Settings
from core.ui.words import ago, escape, exact, verdict_parts

_LEVELS: dict[str, tuple[str, Any, str]] = {
    "ok": ("no drift", "green", ":material/check_circle:"),
    "warning": ("warning", "orange", ":material/warning:"),
    "alarm": ("alarm", "red", ":material/error:"),
    "unknown": ("not known", "gray", ":material/help:"),
}
# Of the levels that somebody is to look at.
LEVEL_COLOURS = {level: _LEVELS[level][1] for level in ("alarm", "warning")}
LEVEL_SIGNS = {level: f":{colour}[{_LEVELS[level][2]}]" for level, colour in LEVEL_COLOURS.items()}

PAGES = {
    "Home": ("Home.py", "Home", ":material/home:"),
    "1_Data_preparation": ("pages/1_Data_preparation.py", "1 Prepare", ":material/table:"),
    "2_Training": ("pages/2_Training.py", "2 Train", ":material/model_training:"),
    "3_Model_comparison": ("pages/3_Model_comparison.py", "3 Compare", ":material/balance:"),
    "4_Production_scoring": ("pages/4_Production_scoring.py", "4 Score", ":material/bolt:"),
    "5_Drift_monitoring": ("pages/5_Drift_monitoring.py", "5 Monitor", ":material/monitoring:"),
}


# A double click puts the axes back; a short bar of tools stands beside the smallest chart, too.
_TOOLS_LEFT_OUT = ["lasso2d", "select2d", "zoomIn2d", "zoomOut2d", "autoScale2d"]


def link(page: str, project: str | None, label: str | None = None, **options: Any) -> None:
    """A link to another page that keeps the project."""
    path, title, icon = PAGES[page]
    query = {"project": project} if project else None
    st.page_link(path, label=label or title, icon=icon, query_params=query, **options)


def level_badge(level: str | None, words: str | None = None) -> None:
    """Ok, warning or alarm by colour, sign and word."""
    default, colour, icon = _LEVELS[level if level in _LEVELS else "unknown"]
    st.badge(words or default, icon=icon, color=colour)


def verdict(sentence: str) -> None:
    """Monitoring's verdict: the finding large, what follows from it below."""
    finding, consequences = verdict_parts(sentence)
    st.markdown(f"#### {escape(finding)}")
    if consequences:
        st.markdown(escape(consequences))


def chart(figure: Any, key: str, alt: str | None = None) -> None:
    """A Plotly chart under its title; the title is text of the page, so that it wraps."""
    import plotly.graph_objects as go

    title = str(figure.layout.title.text or "")
    shown = go.Figure(figure)
    if title:
        st.markdown(f"**{escape(title)}**")
        shown.update_layout(title={"text": ""}, margin={"t": 36})
    shown.update_layout(palette.tools_beside(shown.layout.margin.r))
    st.plotly_chart(
        shown,
        key=key,
        config={"displaylogo": False, "modeBarButtonsToRemove": _TOOLS_LEFT_OUT},
        alt=alt or title or key,
    )


def numbers_below(figure: Any, key: str, name: str) -> None:
    """A quiet download of the numbers behind a chart."""
    from core.services import reports

    st.download_button(
        "Numbers (CSV)",
        data=lambda: reports.chart_csv(figure),
        file_name=f"{name}.csv",
        mime="text/csv",
        key=f"{key}-numbers",
        type="tertiary",
        icon=":material/download:",
        on_click="ignore",
    )


def go_button(label: str, page: str, project: str | None, key: str) -> None:
    """The main way on: a button that leads to another page and keeps the project."""
    path, _, icon = PAGES[page]
    if st.button(label, type="primary", icon=icon, key=key):
        st.switch_page(path, query_params={"project": project} if project else None)


def timed_list(rows: Sequence[tuple[str, datetime, str]]) -> None:
    """What happened and how long ago, the exact moment on hover: (text, moment, more on hover)."""
    items = "".join(
        f'<li title="{html.escape(exact(when))} · {html.escape(more)}">{html.escape(text)} '
        f'<span style="opacity:.6">· {html.escape(ago(when))}</span></li>'
        for text, when, more in rows
    )
    st.html(f'<ul style="padding-left:1.1rem;line-height:1.9;margin:0">{items}</ul>')


def figures_row(figures: Sequence[tuple[str, str, str | None]]) -> None:
    """Key figures side by side, wrapping where the page is narrow: (label, value, help)."""
    with st.container(horizontal=True, gap="medium"):
        for label, value, explained in figures:
            st.metric(label, value, help=explained, width="content")


def empty(
    message: str, page: str | None = None, project: str | None = None, label: str = ""
) -> None:
    """An empty state: what is missing, and the link to where it is made."""
    with st.container(border=True):
        st.markdown(f":material/inbox: {message}")
        if page is not None:
            link(page, project, label or None)


def is_empty_file(name: str, size: int) -> bool:
    """Whether a file holds nothing at all; says so, and what to do, before anybody presses."""
    if size:
        return False
    st.warning(
        f"{escape(name)} is empty (0 bytes). Export it again and choose the new file.",
        icon=":material/edit_note:",
    )
    return True


@contextmanager
def guarded(doing: str = "show this") -> Iterator[None]:
    """Errors inside the block become one clear message; never a traceback in the page."""
    try:
        yield
    except BadInput as exc:
        st.warning(escape(str(exc)), icon=":material/edit_note:")
    except CourtsideError as exc:
        st.error(escape(str(exc)), icon=":material/error:")
    except Exception:
        logging.getLogger("courtside").exception("could not %s", doing)
        st.error(
            f"Something unexpected happened, so Courtside could not {doing}. Nothing was changed; "
            "the server's log has the details. Reload the page to try again.",
            icon=":material/error:",
        )


def mlflow_link(settings: Settings, run_id: str | None, label: str = "Open in MLflow") -> None:
    """A link into MLflow's own pages where they run; otherwise how to start them."""
    if not run_id:
        return
    address = overview.run_link(settings, run_id)
    if address is None:
        st.caption(f"MLflow run `{run_id[:8]}` · `make tracking` opens MLflow's own pages")
    else:
        st.link_button(label, address, icon=":material/open_in_new:", type="tertiary")
