"""Is the difference real? Paired evidence of each challenger against the champion, in words."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.services import comparison, comparison_figures
from core.services.comparison import METRICS, Compared, Version
from core.settings import Settings
from core.signs import signed
from core.ui import cached, parts
from core.ui.frame import Page
from core.ui.words import escape

_METHOD = (
    "All models are measured on the same holdout rows, so what makes a row hard for all cancels "
    "out. ROC AUC by DeLong's method, the rest by a paired bootstrap: 1,000 resamples, the same "
    "for all. Intervals are at 95%; one that holds 0 is no evidence of a difference. With "
    "several challengers, verdicts are corrected by Holm's method: the more one looks, the more "
    "chance finds."
)
_VERDICTS = {
    "better": ("better", "green", ":material/trending_up:"),
    "worse": ("worse", "red", ":material/trending_down:"),
    "neither": ("no evidence of a difference", "gray", ":material/drag_handle:"),
}
_ON_THE_CARD = ("log_loss", "f1", "brier")
# With more, a card each would push the decision out of sight.
_CARDS_AT_MOST = 3


def show(page: Page, champion: Version | None, chosen: Sequence[Version]) -> Compared | None:
    """One card for each challenger; returns what was measured, None where nothing could be."""
    st.subheader("Is the difference real?", anchor=False, help=_METHOD)
    found = measured(page, chosen)
    missing(found, chosen)
    challengers = [v for v in chosen if not v.is_champion and v.version in found.sides]
    if champion is None:
        st.caption("There is no champion to compare with yet; promote one below.")
    elif len(chosen) == 1:
        st.caption("Choose a version beside the champion to find out.")
    elif found.champion is None:
        st.caption("The champion could not be measured, so nothing is compared with it.")
    elif challengers:
        _cards(page, found, challengers)
    return found


def measured(page: Page, chosen: Sequence[Version]) -> Compared:
    """The versions on their common rows, from memory where nothing has changed."""
    numbers = tuple(version.version for version in chosen)
    champion = next((version.version for version in chosen if version.is_champion), "")
    written = cached.holdout_token(page.settings, page.project)
    with st.spinner("Measuring all of them on the same holdout rows"):
        return _measured(page.settings, page.project, numbers, champion, written, tuple(chosen))


@st.cache_resource(show_spinner=False, max_entries=20)
def _measured(
    settings: Settings,
    project: str,
    numbers: tuple[str, ...],
    champion: str,
    written: int,
    _chosen: tuple[Version, ...],
) -> Compared:
    return comparison.measured(settings, project, _chosen)


def missing(found: Compared, chosen: Sequence[Version]) -> None:
    """Which rows these are, and which versions are not among them and why."""
    labels = {version.version: version.label for version in chosen}
    if found.bench.note:
        st.info(escape(found.bench.note), icon=":material/call_merge:")
    for number, reason in found.bench.absent.items():
        st.warning(
            f"**{escape(labels[number])}** is not compared. {escape(reason)}",
            icon=":material/warning:",
        )


def _cards(page: Page, found: Compared, challengers: Sequence[Version]) -> None:
    figure = comparison_figures.differences(found)
    parts.chart(figure, "compared-differences")
    few = len(challengers) <= _CARDS_AT_MOST
    with st.container(border=not few, gap="small"):
        for version in challengers:
            with st.container(border=few):
                _verdict(version.label, found, version.version)
                if few:
                    st.caption("  \n".join(_line(found, version.version, k) for k in _ON_THE_CARD))
    with st.container(horizontal=True, vertical_alignment="center"):
        _record(page, tuple(version.version for version in challengers))
        parts.numbers_below(figure, "compared-differences", "roc_auc_differences")
    with st.expander("Every metric's difference", icon=":material/table:"):
        table = comparison_figures.differences_table(found)
        st.dataframe(table, hide_index=True, height="content", key="all-differences")


def _verdict(label: str, found: Compared, number: str) -> None:
    judged = found.sides[number].judgements["roc_auc"]
    word, colour, icon = _VERDICTS[judged.word]
    st.markdown(
        f":{colour}-badge[{icon} {word}] **{escape(label)}** is "
        f"{escape(_sentence(judged.sentence))}."
    )


def _sentence(verdict: str) -> str:
    """The verdict after "v2 Decision Tree Classifier is"."""
    kinds = {"no evidence of a difference": "not shown to differ", "no difference": "no different"}
    for start, words in kinds.items():
        if verdict.startswith(start):
            return verdict.replace(start, words, 1)
    return verdict.replace("cannot be compared", "not comparable", 1)


def _line(found: Compared, number: str, key: str) -> str:
    difference, judged = found.sides[number].differences[key], found.sides[number].judgements[key]
    title = METRICS[key].title
    if difference.low != difference.low:  # nan
        return f"{title}: undefined on these rows"
    words = {"better": ":green[better]", "worse": ":red[worse]", "neither": "no evidence"}
    value, low, high = (
        signed(figure, 4) for figure in (difference.difference, difference.low, difference.high)
    )
    numbers = f"{value}, interval {low} to {high}"
    return f"{title} {numbers} ({difference.method}): {words[judged.word]}"


def _record(page: Page, numbers: tuple[str, ...]) -> None:
    pressed = st.button(
        "Record this comparison",
        key="record-comparison",
        icon=":material/bookmark_add:",
        help="Looking leaves no trace; this logs the evidence to MLflow.",
    )
    if not pressed:
        return
    with st.spinner("Logging it"), parts.guarded("record the comparison"):
        result = comparison.compare(page.settings, page.project, numbers)
        st.toast("Recorded.", icon=":material/check:")
        st.caption("Recorded.")
        parts.mlflow_link(page.settings, result["run_id"])
