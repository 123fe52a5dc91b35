"""The model comparison page: the champion beside others, the evidence, and who is in charge."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.services.comparison import Version
from core.ui import (
    cached,
    comparison_choice,
    comparison_evidence,
    comparison_list,
    comparison_promote,
    comparison_views,
    leaderboard,
    parts,
)
from core.ui.frame import Page


def body(page: Page) -> None:
    """Choice, the logged figures at once, then the evidence, the decision and the details."""
    versions = cached.versions(page.settings, page.project)
    if not versions:
        parts.empty(
            "There is no model to compare yet: train one, and it stands here with its figures.",
            "2_Training",
            page.project,
            "Train a model",
        )
        return
    champion = next((version for version in versions if version.is_champion), None)
    chosen = comparison_choice.choose(page, versions, champion)
    leaderboard.show([leaderboard.Row.of(v) for v in chosen], "compared", "comparison")
    comparison_list.show(page, versions)
    found = None
    with parts.guarded("compare the versions"):
        found = comparison_evidence.show(page, champion, chosen)
    sound = [version for version in chosen if found and version.version in found.sides]
    comparison_promote.show(page, versions, champion, sound or chosen)
    st.subheader("Side by side", anchor=False)
    with parts.guarded("draw the versions"):
        comparison_views.show(page, chosen, found)
    _deleted(versions)


def _deleted(versions: Sequence[Version]) -> None:
    """Versions whose figures are gone, in one line at the end."""
    without = [version.label for version in versions if not version.metrics]
    if without:
        st.caption(
            f"{len(without)} of {len(versions)} versions have no figures: their run was deleted, "
            "its experiment archived, or they were registered by other code."
        )
