"""The model comparison page: the champion beside others, the evidence, and who is in charge."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from core.services.comparison import Compared, Version
from core.ui import (
    cached,
    comparison_choice,
    comparison_evidence,
    comparison_list,
    comparison_promote,
    comparison_register,
    comparison_verdict,
    comparison_views,
    leaderboard,
    parts,
)
from core.ui.comparison_evidence import Shown
from core.ui.frame import Page


def body(page: Page) -> None:
    """Choice, the logged figures at once, then the evidence, the decision and the details.

    For a retraining the verdict on production comes before all figures.
    """
    versions = cached.versions(page.settings, page.project)
    strays: list[Version] = []
    with parts.guarded("look for models that are not registered"):
        strays = cached.unregistered(page.settings, page.project)
    if not versions and not strays:
        parts.empty(
            "There is no model to compare yet: train one, and it stands here with its figures.",
            "2_Training",
            page.project,
            "Train a model",
        )
        return
    champion = next((version for version in versions if version.is_champion), None)
    chosen = comparison_choice.choose(page, versions, champion, strays)
    verdict, board = st.container(), st.container()
    together = _one_holdout(page, chosen)
    if together:
        _board(board, [leaderboard.Row.of(v, same_rows=True) for v in chosen], "all on the holdout")
    comparison_list.show(page, versions)
    shown = Shown(None, None)
    with parts.guarded("compare the versions"):
        shown = comparison_evidence.show(page, champion, chosen)
    with verdict:
        comparison_verdict.show(page, chosen, shown.recent, shown.holdout)
    if not together:
        _board(board, *_measured(chosen, shown))
    found = shown.holdout
    sound = [version for version in chosen if found and version.version in found.sides]
    comparison_register.show(page, [version for version in chosen if not version.registered])
    if versions:
        comparison_promote.show(page, versions, champion, sound or chosen)
    st.subheader("Side by side", anchor=False)
    with parts.guarded("draw the versions"):
        comparison_views.show(page, chosen, _rows_of_the_views(page, shown))
    _deleted(versions)


def _board(place: Any, rows: Sequence[leaderboard.Row], where: str) -> None:
    with place:
        leaderboard.show(rows, "compared", "comparison", where)


def _rows_of_the_views(page: Page, shown: Shown) -> Compared | None:
    """What the views draw: for a retraining production, or the old holdout if the user says so."""
    if shown.first is None or shown.first is not shown.recent or shown.holdout is None:
        return shown.first
    places = {
        f"Newest production rows ({shown.first.rows:,})": shown.first,
        f"Old holdout ({shown.holdout.rows:,})": shown.holdout,
    }
    place = st.segmented_control(
        "Rows",
        list(places),
        default=next(iter(places)),
        required=True,
        key=f"compared-rows-{page.project}",
    )
    return places[place]


def _measured(chosen: Sequence[Version], shown: Shown) -> tuple[list[leaderboard.Row], str]:
    """The versions on the rows that count, and which these are."""
    found = shown.first
    if found is None:
        return [leaderboard.Row.of(v) for v in chosen], "each on the rows that judged it"
    rows = [leaderboard.Row.measured(v, found) for v in chosen]
    if found is shown.recent:
        return rows, f"all on the same {found.rows:,} production rows that none learnt from"
    return rows, f"all on the same {found.rows:,} holdout rows"


def _one_holdout(page: Page, chosen: Sequence[Version]) -> bool:
    """Whether the logged figures can stand beside each other: a retraining has its own holdout."""
    with parts.guarded("find the holdouts"):
        return cached.same_holdout(page.settings, page.project, chosen)
    return False


def _deleted(versions: Sequence[Version]) -> None:
    """Versions whose figures are gone, in one line at the end."""
    without = [version.label for version in versions if not version.metrics]
    if without:
        st.caption(
            f"{len(without)} of {len(versions)} versions have no figures: their run was deleted, "
            "its experiment archived, or they were registered by other code."
        )
