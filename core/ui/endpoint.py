"""The REST endpoint of the champion: its state, start and stop, how to ask it."""

from __future__ import annotations

import streamlit as st

from core.services import row_form, serving
from core.services.scoring import Version
from core.services.serving import EndpointView
from core.ui import parts, scoring_row
from core.ui.frame import Page
from core.ui.words import ago, duration, escape, exact

_STATES: dict[str, tuple[str, str]] = {
    "running": ("running", "ok"),
    "starting": ("starting", "warning"),
    "died": ("ended by itself", "alarm"),
    "stopped": ("stopped", "unknown"),
}
_STOPPED = "The endpoint is stopped."
_SOON, _LATER = "2s", "20s"


def show(page: Page, versions: list[Version]) -> None:
    """The endpoint's box. It looks again by itself: soon while a server loads, else seldom."""
    view = serving.status(page.settings, page.project)
    changing = view is not None and view.endpoint.is_changing
    live = view is not None and view.endpoint.is_live
    st.session_state[_seen(page)] = _standing(view)
    again = _SOON if changing else _LATER if live else None
    st.fragment(_box, run_every=again)(page, versions)


def _box(page: Page, versions: list[Version]) -> None:
    with st.container(border=True), parts.guarded("look at the endpoint"):
        view = serving.status(page.settings, page.project)
        if st.session_state.get(_seen(page)) != _standing(view):
            st.rerun()  # the rest of the page offers the endpoint, too
        _head(view)
        champion = next((version for version in versions if version.is_champion), None)
        _buttons(page, view, champion)
        if view is None:
            return
        _warnings(view)
        _details(page, view, versions)


def _standing(view: EndpointView | None) -> tuple[object, ...]:
    if view is None:
        return ()
    seen = view.endpoint
    return (seen.state, seen.pid, seen.next_version, seen.next_problem)


def _seen(page: Page) -> str:
    return f"endpoint-seen-{page.project}"


def _head(view: EndpointView | None) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown("**REST endpoint**", width="content")
        if view is None:
            parts.level_badge("unknown", "never started")
            return
        words, level = _STATES[view.endpoint.state]
        if view.running and not view.healthy():
            words, level = "does not answer", "alarm"
        parts.level_badge(level, words)
        if view.running:
            st.markdown(
                f"`{view.endpoint.url}` · v{view.endpoint.version} · up for "
                f"{duration(view.endpoint.uptime_seconds)}",
                width="content",
                help=f"since {exact(view.endpoint.started_at)}",
            )
        elif view.endpoint.state == "starting":
            passed = duration(view.endpoint.uptime_seconds)
            st.markdown(
                f"{escape(view.endpoint.message)} {passed} so far.",
                width="content",
            )
        else:
            st.caption(
                f"v{view.endpoint.version} was started {ago(view.endpoint.started_at)}",
                help=exact(view.endpoint.started_at),
            )


def _warnings(view: EndpointView) -> None:
    seen = view.endpoint
    if seen.state == "died" or (seen.state == "stopped" and seen.message != _STOPPED):
        st.error(escape(seen.message), icon=":material/error:")
    if seen.next_version is not None:
        st.info(
            f"v{seen.next_version} is loading beside it and will take over; until then "
            f"v{seen.version} answers.",
            icon=":material/swap_horiz:",
        )
    if seen.next_problem:
        st.error(
            f"{escape(seen.next_problem)} v{seen.version} still answers.", icon=":material/error:"
        )
    if view.outdated:
        st.warning(
            f"It still serves v{seen.version}, but v{view.champion} is champion now. Restart it: "
            f"v{seen.version} answers until v{view.champion} does, so that nobody notices.",
            icon=":material/warning:",
        )


def _buttons(page: Page, view: EndpointView | None, champion: Version | None) -> None:
    live = view is not None and view.endpoint.is_live
    outdated = view is not None and view.outdated
    with st.container(horizontal=True, vertical_alignment="center"):
        name = f"v{champion.version}" if champion else "the champion"
        if not live or outdated:
            label = f"Restart with {name}" if outdated else f"Start with {name}"
            reason = None if champion else "No version is champion; promote one first."
            if st.button(
                label,
                icon=":material/play_arrow:",
                disabled=champion is None,
                help=reason,
                key="endpoint-start",
            ):
                with parts.guarded("start the endpoint"):
                    serving.begin(page.settings, page.project)
                    st.rerun()
        if live and st.button("Stop", icon=":material/stop:", key="endpoint-stop"):
            with parts.guarded("stop the endpoint"):
                with st.spinner("Stopping"):
                    serving.stop(page.settings, page.project)
                st.rerun()
        if not live:
            st.caption("Other programs can then ask the champion over HTTP, on this machine only.")


def _details(page: Page, view: EndpointView, versions: list[Version]) -> None:
    served = next((v for v in versions if v.version == view.endpoint.version), None)
    if view.running and served is not None:
        with st.expander("Ask it from a terminal", icon=":material/terminal:"):
            fields = row_form.fields(page.spec, scoring_row.training_profile(page, served))
            values = {field.name: field.default for field in fields}
            st.code(serving.example(view.endpoint.url, values), language="bash", wrap_lines=True)
            st.caption(
                "It answers with two probabilities for each row, the second of "
                f"“{escape(page.spec.target.positive_words)}”. Rows asked for in this way are "
                "not logged."
            )
    with st.expander("Its log", icon=":material/article:"):
        tail = serving.log_tail(page.settings, page.project)
        if tail:
            st.code(tail, language=None, wrap_lines=True, height=300)
        else:
            st.caption("It has printed nothing yet.")
