"""Versions side by side as charts: how they rank, and what they go by."""

from __future__ import annotations

from collections.abc import Sequence

from core.services import holdout
from core.services.holdout import Evidence
from core.ui import parts
from core.ui.pairs import pair


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
