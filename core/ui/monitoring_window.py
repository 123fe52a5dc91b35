"""Which rows of the log are looked at, and the judgement on them, computed once for each."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock
from typing import Any

import streamlit as st

from core.errors import BadInput
from core.services import monitoring, monitoring_figures
from core.services.monitoring import LIVE_ROWS, LiveLog, Report
from core.ui import cached
from core.ui.frame import Page
from core.ui.words import ago

_POLL = "3s"
# A judgement costs seconds: with rows coming all the time it is renewed only this often.
_REST_SECONDS = 10.0
_WAYS = {"live": f"Latest {LIVE_ROWS:,}", "last": "Last n rows", "period": "Period", "all": "All"}


@dataclass(frozen=True)
class Choice:
    """Rows to look at. ``live``: the end of the log is followed."""

    live: bool
    since: datetime | None = None
    until: datetime | None = None
    last_rows: int | None = None


def choose(page: Page, logged_rows: int) -> tuple[Choice | None, Callable[[], None]]:
    """The choice of rows, None until it is complete, and what follows the log.

    Call the second once the rows have been judged: only then is a row that it finds a new one.
    """
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
    if way == "last":
        rows = st.number_input(
            "Rows", min_value=1, value=min(1000, logged_rows), step=100, key="monitor-rows"
        )
        return Choice(live=False, last_rows=int(rows)), _nothing_to_follow
    if way == "period":
        return _period(), _nothing_to_follow
    return Choice(live=False), _nothing_to_follow


def _nothing_to_follow() -> None:
    """These rows stay as they are."""


def _live(page: Page) -> tuple[Choice, Callable[[], None]]:
    with st.container(horizontal=True, vertical_alignment="center"):
        live = st.toggle(
            "Live",
            value=True,
            key="monitor-live",
            help="Looks for new rows every 3 seconds; only new ones are read.",
        )
        place = st.container()

    def follow() -> None:
        with place:
            st.fragment(_watch, run_every=_POLL if live else None)(page, live)

    return Choice(live=True, last_rows=LIVE_ROWS), follow


def _period() -> Choice | None:
    today = datetime.now(UTC).date()
    chosen = st.date_input(
        "From and to (UTC, both days included)",
        value=(today - timedelta(days=6), today),
        key="monitor-period",
    )
    days: tuple[date, ...] = chosen if isinstance(chosen, tuple) else (chosen,)
    if len(days) != 2:
        st.caption("Choose the last day too.")
        return None
    since, until = (datetime.combine(day, clock.min, UTC) for day in days)
    return Choice(live=False, since=since, until=until + timedelta(days=1))


def judged(page: Page, choice: Choice) -> Report:
    """The judgement on the chosen rows; computed again only if the rows or labels have changed.

    Raises NotReady if there are none.
    """
    labels = monitoring.labels_token(page.settings, page.project)
    standing = cached.standing(page.settings, page.project)
    version = standing.champion.version if standing.champion else ""
    key = (page.settings.home, page.project, page.spec.digest, version, labels, choice)
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


@st.cache_resource(show_spinner="Comparing production with the training data", max_entries=12)
def _report(
    key: tuple[Any, ...], token: str, _page: Page, _choice: Choice, _log: LiveLog | None
) -> Report:
    """Kept for everybody who looks at the same rows; ``key`` and ``token`` say which they are."""
    settings, project = _page.settings, _page.project
    if _log is None:
        window = monitoring.read_window(
            settings, project, _choice.since, _choice.until, _choice.last_rows
        )
    else:
        window = monitoring.live_window(settings, project, _log)
    if not window.rows:
        raise BadInput("There are no rows to judge; choose others.")
    return monitoring.judge(window)


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
