"""Two things side by side where there is room for both, one under the other where there is not."""

from __future__ import annotations

from typing import Any

import streamlit as st

# Streamlit's own columns stay beside each other down to a window of 640 px, sidebar included,
# where a chart's labels no longer fit.
_STYLE = (
    '<style>[class*="st-key-pair-"] > div {flex: 1 1 20rem !important; '
    "min-width: min(20rem, 100%) !important;}</style>"
)


def pair(key: str) -> tuple[Any, Any]:
    """Two containers of at least 20 rem each; ``key`` is unique on the page."""
    st.html(_STYLE)
    with st.container(horizontal=True, gap="large", key=f"pair-{key}"):
        return st.container(key=f"{key}-left"), st.container(key=f"{key}-right")
