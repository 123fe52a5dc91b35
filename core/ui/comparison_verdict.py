"""What a retraining comes to, in a line for each challenger, before any figure."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.services.comparison import Compared, Version
from core.ui.frame import Page
from core.ui.words import escape

BADGES = {
    "better": ("better", "green", ":material/trending_up:"),
    "worse": ("worse", "red", ":material/trending_down:"),
    "neither": ("no evidence of a difference", "gray", ":material/drag_handle:"),
}


def badge(word: str) -> str:
    """A judgement's word as a badge, for Markdown."""
    words, colour, icon = BADGES[word]
    return f":{colour}-badge[{icon} {words}]"


def show(
    page: Page, chosen: Sequence[Version], recent: Compared | None, holdout: Compared | None
) -> None:
    """Production first, then the old holdout; nothing where no challenger was judged on the one."""
    if recent is None or recent.champion is None:
        return
    lines = [
        _line(page, version, recent, holdout)
        for version in chosen
        if version.version in recent.sides and version.version != recent.champion
    ]
    if lines:
        if alike := _alike(page, recent.champion, recent, holdout, "The champion"):
            lines.append(alike.strip())
        with st.container(border=True, key="compared-verdict"):
            st.markdown("\n\n".join(lines))


def _line(page: Page, version: Version, recent: Compared, holdout: Compared | None) -> str:
    number = version.version
    said = (
        f"**{escape(version.label)}** in ROC AUC against the champion: "
        f"{badge(recent.sides[number].judgements['roc_auc'].word)} on the {recent.rows:,} newest "
        "production rows, which none of them learnt from"
    )
    older = holdout.sides.get(number) if holdout is not None else None
    if holdout is not None and older is not None and older.judgements:
        word = older.judgements["roc_auc"].word
        said += f"; {badge(word)} on the {holdout.rows:,} rows of the old holdout"
    return f"{said}.{_alike(page, number, recent, holdout, 'It')}"


def _alike(page: Page, number: str, recent: Compared, holdout: Compared | None, who: str) -> str:
    """Whether a version calls nearly all rows alike, and where."""
    places = {"production": recent, "the old holdout": holdout}
    target = page.spec.target
    names = {"positive": target.positive_words, "negative": target.negative_words}
    said = [
        f"nearly every row of {place} {escape(names[one.called])}"
        for place, found in places.items()
        if found is not None and (one := found.one_sided.get(number)) is not None
    ]
    return f" :orange[:material/warning:] {who} calls {' and '.join(said)}." if said else ""
