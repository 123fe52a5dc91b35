"""Which rows of the log are looked at, and the judgement on them, computed once for each."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock
from typing import Any

import streamlit as st

from core.errors import BadInput
from core.services import alerts, monitoring, monitoring_figures
from core.services.monitoring import LIVE_ROWS, Chosen, LiveLog, Report, Selection
from core.ui import cached, parts
from core.ui.frame import Page
from core.ui.words import ago

_POLL = "3s"
# A judgement costs seconds: with rows coming all the time it is renewed only this often.
_REST_SECONDS = 10.0
_WAYS = {"live": f"Latest {LIVE_ROWS:,}", "last": "Last n rows", "period": "Period", "all": "All"}
_SOURCES = {"batch": "batch", "cli": "terminal", "rest": "REST", "form": "form"}


@dataclass(frozen=True)
class Choice:
    """Rows to look at. ``live``: the end of the log is followed."""

    live: bool
    selection: Chosen


def choose(page: Page, logged_rows: int) -> tuple[Choice | None, Callable[[], None]]:
    """The choice of rows, None until it is complete, and what follows the log.

    Call the second once the rows have been judged: only then is a row that it finds a new one.
    """
    picked = picked_window(page)
    if picked is not None:
        return _picked(page, *picked)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        way = st.segmented_control(
            "Rows of the inference log",
            list(_WAYS),
            format_func=_WAYS.__getitem__,
            default="live",
            required=True,
            key="monitor-window",
            help="All reads the whole log, which takes longer the longer it is.",
        )
        if way == "live":
            return _live(page)
        chosen = Selection() if way == "all" else _last(logged_rows) if way == "last" else _period()
        source, version = _only(page)
    if chosen is None:
        return None, _nothing_to_follow
    return Choice(False, replace(chosen, source=source, model_version=version)), _nothing_to_follow


def pick_window(page: Page, label: str, selection: Chosen) -> None:
    """Look into one window of the timeline from the next run on."""
    st.session_state[_picked_key(page)] = (label, selection)


def picked_window(page: Page) -> tuple[str, Chosen] | None:
    """The window of the timeline that is looked into, if any."""
    found: tuple[str, Chosen] | None = st.session_state.get(_picked_key(page))
    return found


def _picked(page: Page, label: str, selection: Chosen) -> tuple[Choice | None, Callable[[], None]]:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f":material/zoom_in: Looking into one window: **{label}**", width="content")
        if st.button("Back to the latest rows", icon=":material/arrow_back:", key="monitor-back"):
            del st.session_state[_picked_key(page)]
            st.rerun()
    return Choice(False, selection), _nothing_to_follow


def _nothing_to_follow() -> None:
    """These rows stay as they are."""


def _live(page: Page) -> tuple[Choice, Callable[[], None]]:
    live = st.toggle(
        "Live",
        value=True,
        key="monitor-live",
        help="Looks for new rows every 3 seconds; only new ones are read.",
    )
    place = st.container(width="content")

    def follow() -> None:
        with place:
            st.fragment(_watch, run_every=_POLL if live else None)(page, live)

    return Choice(True, Selection(last_rows=LIVE_ROWS)), follow


def _last(logged_rows: int) -> Selection:
    rows = st.number_input(
        "Rows",
        min_value=1,
        value=min(1000, logged_rows),
        step=100,
        key="monitor-rows",
        width=140,
    )
    return Selection(last_rows=int(rows))


def _period() -> Selection | None:
    today = datetime.now(UTC).date()
    chosen = st.date_input(
        "From and to (UTC, both days included)",
        value=(today - timedelta(days=6), today),
        key="monitor-period",
        width=260,
    )
    days: tuple[date, ...] = chosen if isinstance(chosen, tuple) else (chosen,)
    if len(days) != 2:
        st.caption("Choose the last day too.")
        return None
    since, until = (datetime.combine(day, clock.min, UTC) for day in days)
    return Selection(since=since, until=until + timedelta(days=1))


def _only(page: Page) -> tuple[str | None, str | None]:
    """A source or a version that the rows are narrowed to."""
    source = st.selectbox(
        "Source",
        [None, *_SOURCES],
        format_func=lambda name: _SOURCES.get(name, "any"),
        key="monitor-source",
        width=140,
    )
    versions = [one.version for one in cached.versions(page.settings, page.project)]
    version = st.selectbox(
        "Scored by",
        [None, *versions],
        format_func=lambda name: f"v{name}" if name else "any version",
        key=f"monitor-version-{page.project}",
        width=150,
    )
    return source, version


def is_first_look(page: Page) -> bool:
    """Whether this session has not seen a judgement of the project's latest rows yet."""
    return _judged_key(page) not in st.session_state


def judged(page: Page, choice: Choice) -> Report:
    """The judgement on the chosen rows; computed again only if rows, labels or policy changed.

    Raises NotReady if there are none.
    """
    labels = monitoring.labels_token(page.settings, page.project)
    policy = alerts.token(page.settings, page.project)[1]
    standing = cached.standing(page.settings, page.project)
    version = standing.champion.version if standing.champion else ""
    key = (page.settings.home, page.project, page.spec.digest, version, labels, policy, choice)
    log: LiveLog | None = None
    token = f"{standing.logged_rows}"
    if choice.live:
        log = live_log(page)
        log.poll()
        token = log.token
    started = time.monotonic()
    report = _report(key, token, page, choice, log)
    if choice.live:
        _remember_judged(page, token, time.monotonic() - started)
    return report


@st.cache_resource(show_spinner="Judging the rows", max_entries=12)
def _report(
    key: tuple[Any, ...], token: str, _page: Page, _choice: Choice, _log: LiveLog | None
) -> Report:
    """Kept for everybody who looks at the same rows; ``key`` and ``token`` say which they are."""
    settings, project = _page.settings, _page.project
    if _log is None:
        window = monitoring.read_window(settings, project, selection=_choice.selection)
    else:
        window = monitoring.live_window(settings, project, _log)
    if not window.rows:
        raise BadInput("There are no rows to judge; choose others.")
    return monitoring.findings(settings, _page.spec, window)


def drift_figure(report: Report) -> Any:
    """PSI of every feature; its title names how many are in alarm."""
    return monitoring_figures.drift(report.drift)


def live_log(page: Page) -> LiveLog:
    """This session's place in the project's log."""
    key = f"monitor-log-{page.project}"
    kept = st.session_state.get(key)
    if kept is None or kept[0] != page.settings.home:
        kept = (page.settings.home, monitoring.follow(page.settings, page.project))
        st.session_state[key] = kept
    log: LiveLog = kept[1]
    return log


def _watch(page: Page, live: bool) -> None:
    """Look for new rows; the page is drawn again only if there are any."""
    if not live:
        st.caption("Paused; switch Live on to follow the log.")
        return
    with parts.guarded("tell the webhook again"):
        alerts.tell_again(page.settings, page.project)
    log = live_log(page)
    known = st.session_state.get(_judged_key(page))
    rows, _ = log.poll()
    if known is None or known["token"] == log.token:
        newest = f"; the newest was logged {ago(rows['logged_at'].iloc[-1])}" if len(rows) else ""
        st.caption(f"Following the log{newest}.")
        return
    waited = time.monotonic() - known["at"]
    if waited >= max(_REST_SECONDS, 3 * known["seconds"]):
        st.rerun()
    st.caption("New rows have come; they will be judged in a few seconds.")


def _remember_judged(page: Page, token: str, seconds: float) -> None:
    before = st.session_state.get(_judged_key(page))
    if before is None or before["token"] != token:
        st.session_state[_judged_key(page)] = {
            "token": token,
            "at": time.monotonic(),
            "seconds": seconds,
        }


def _judged_key(page: Page) -> str:
    return f"monitor-judged-{page.project}"


def _picked_key(page: Page) -> str:
    return f"monitor-picked-{page.project}"
