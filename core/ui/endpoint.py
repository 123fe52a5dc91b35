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
_LOOK_AGAIN = "3s"


def show(page: Page, versions: list[Version]) -> None:
    """The endpoint's box. While it starts, the box looks again by itself."""
    view = serving.status(page.settings, page.project)
    starting = view is not None and view.endpoint.state == "starting"
    st.fragment(_box, run_every=_LOOK_AGAIN if starting else None)(page, versions)


def _box(page: Page, versions: list[Version]) -> None:
    with st.container(border=True), parts.guarded("look at the endpoint"):
        view = serving.status(page.settings, page.project)
        _head(view)
        champion = next((version for version in versions if version.is_champion), None)
        _buttons(page, view, champion)
        if view is None:
            return
        if view.endpoint.state == "died":
            st.error(escape(view.endpoint.message), icon=":material/error:")
        if view.outdated:
            st.warning(
                f"It still serves v{view.endpoint.version}, but v{view.champion} is champion now. "
                "Restart it to serve the champion.",
                icon=":material/warning:",
            )
        _details(page, view, versions)


def _head(view: EndpointView | None) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown("**REST endpoint**", width="content")
        if view is None:
            parts.level_badge("unknown", "never started")
            return
        words, level = _STATES[view.endpoint.state]
        parts.level_badge(level, words)
        if view.running:
            st.markdown(
                f"`{view.endpoint.url}` · v{view.endpoint.version} · up for "
                f"{duration(view.endpoint.uptime_seconds)}",
                width="content",
                help=f"since {exact(view.endpoint.started_at)}",
            )
        elif view.endpoint.state == "starting":
            st.markdown(escape(view.endpoint.message), width="content")
        else:
            st.caption(
                f"v{view.endpoint.version} was started {ago(view.endpoint.started_at)}",
                help=exact(view.endpoint.started_at),
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
                    with st.spinner(f"Loading {name} into its own server; 10 to 30 seconds"):
                        serving.start(page.settings, page.project)
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
