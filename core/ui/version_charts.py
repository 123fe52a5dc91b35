"""Versions side by side as charts: how they rank, and what they go by."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.services import holdout
from core.services.comparison import Version, judged
from core.services.holdout import Evidence
from core.ui import parts
from core.ui.pairs import pair

_ON_ALL = (
    "Importance of a retrained version was measured on old and new rows together: a column that "
    "tells these apart stands out there."
)


def show(found: Sequence[Evidence], strong: str | None, key: str) -> None:
    """ROC curves and importance of versions, each with its numbers; ``strong``: a label to stress.

    ``key`` is unique on the page.
    """
    left, right = pair(f"{key}-curves")
    with left:
        roc = holdout.roc_overlay(found, strong)
        parts.chart(roc, f"{key}-roc")
        parts.numbers_below(roc, f"{key}-roc", "roc")
    with right:
        importance = holdout.importance_sides(found, strong)
        parts.chart(importance, f"{key}-importance")
        parts.numbers_below(importance, f"{key}-importance", "importance")
        note_on_importance([one.version for one in found])


def note_on_importance(versions: Sequence[Version]) -> None:
    """Below importance: on which rows it was measured, where that is not one holdout."""
    if any(judged(version).rows != "holdout" for version in versions):
        st.caption(_ON_ALL)
