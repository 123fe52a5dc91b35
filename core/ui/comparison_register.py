"""Making a version of a run's model that is not registered yet."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.services import registration
from core.services.comparison import Version
from core.ui import comparison_choice, parts
from core.ui.frame import Page
from core.ui.pairs import beside
from core.ui.words import ago, escape

_SAID = "courtside_registered"


def show(page: Page, strays: Sequence[Version]) -> None:
    """A line and a button for each; nothing where all that is compared is registered."""
    done = st.session_state.pop(_SAID, None)
    if done:
        st.success(done, icon=":material/check_circle:")
    if not strays:
        return
    st.subheader("Not registered", anchor=False)
    with st.container(border=True, gap="small"):
        for stray in strays:
            _one(page, stray)


def _one(page: Page, stray: Version) -> None:
    with beside(stray.version):
        st.markdown(f"**{escape(stray.label)}**, logged {ago(stray.created_at)}", width="stretch")
        pressed = st.button(
            "Register",
            key=f"register-{stray.version}",
            icon=":material/new_label:",
            help="Checks that it is the model that was measured, and makes a version of it: then "
            "it can be promoted and score in production.",
        )
    if not pressed:
        return
    with st.spinner("Checking and registering it"), parts.guarded("register the model"):
        made = registration.register(page.settings, page.project, stray.version)
        comparison_choice.now_called(page, stray.version, made["version"])
        said = f"{stray.label} is v{made['version']} now ({made['proof']}). {made['lacks']}"
        st.session_state[_SAID] = escape(said.strip())
        st.toast(f"Registered as v{made['version']}.", icon=":material/check:")
        st.rerun()
