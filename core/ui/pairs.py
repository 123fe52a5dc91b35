"""Two things side by side where there is room for both, one under the other where there is not."""

from __future__ import annotations

from typing import Any, Literal

import streamlit as st

# Streamlit's own columns stay beside each other down to a window of 640 px, sidebar included,
# where a chart's labels no longer fit.
_STYLE = (
    '<style>[class*="st-key-pair-"] {row-gap: 1.5rem !important} '
    '[class*="st-key-pair-"] > div {flex: 1 1 20rem !important; '
    "min-width: min(20rem, 100%) !important;}"
    '[class*="st-key-pair-wide-"] > div:last-child {flex: 2 1 26rem !important;}</style>'
)

_BESIDE_STYLE = (
    '<style>[class*="st-key-beside-"] > div:first-child {flex: 1 1 12rem !important; '
    "min-width: min(12rem, 100%) !important;}</style>"
)


def beside(key: str, aligned: Literal["center", "bottom"] = "center") -> Any:
    """Words first, then what can be pressed: it stays beside them while they have room to wrap.

    ``key`` is unique on the page.
    """
    st.html(_BESIDE_STYLE)
    return st.container(horizontal=True, vertical_alignment=aligned, key=f"beside-{key}")


def pair(key: str, wide_right: bool = False) -> tuple[Any, Any]:
    """Two containers of at least 20 rem each; ``key`` is unique on the page.

    ``wide_right``: the right one takes about two thirds.
    """
    st.html(_STYLE)
    style = "pair-wide" if wide_right else "pair"
    gap: Any = "medium" if wide_right else "large"
    with st.container(horizontal=True, gap=gap, key=f"{style}-{key}"):
        return st.container(key=f"{key}-left"), st.container(key=f"{key}-right")
