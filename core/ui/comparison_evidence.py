"""Is the difference real? Paired evidence of each challenger against the champion, in words.

A retraining is judged on the newest production rows that none of the versions learnt from; the
old holdout stands beside them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from core.services import comparison, comparison_figures
from core.services.comparison import METRICS, REMEDY, Compared, Version
from core.settings import Settings
from core.signs import signed
from core.ui import cached, parts
from core.ui.comparison_verdict import badge
from core.ui.frame import Page
from core.ui.pairs import pair
from core.ui.words import escape

_METHOD = (
    "All models are measured on the same rows, so what makes a row hard for all cancels "
    "out. ROC AUC by DeLong's method, the rest by a paired bootstrap: 1,000 resamples, the same "
    "for all. Intervals are at 95%; one that holds 0 is no evidence of a difference. With "
    "several challengers, verdicts are corrected by Holm's method: the more one looks, the more "
    "chance finds."
)
_ON_THE_CARD = ("log_loss", "f1", "brier")
# With more, a card each would push the decision out of sight.
_CARDS_AT_MOST = 3


@dataclass(frozen=True)
class Shown:
    """What was measured: on the holdout, and on the newest production rows where one of the
    versions comes of a retraining. Each is None where nothing could be.
    """

    holdout: Compared | None
    recent: Compared | None

    @property
    def first(self) -> Compared | None:
        """On the rows that count: production, where it can be judged there."""
        return self.recent if self.recent is not None and self.recent.sides else self.holdout


def show(page: Page, champion: Version | None, chosen: Sequence[Version]) -> Shown:
    """The verdict on each challenger; for a retraining on production first, the holdout beside."""
    st.subheader("Is the difference real?", anchor=False, help=_METHOD)
    recent = None
    with parts.guarded("judge the versions on production"):
        recent = _recent(page, chosen)
    if recent is None:
        found = measured(page, chosen)
        missing(found, chosen)
        _verdicts(page, champion, chosen, found, "compared")
        _below(page, chosen, found, "compared")
        return Shown(found, None)
    left, right = pair("compared-recent")
    with left:
        st.markdown("**On production: is it better now?**")
        st.caption(escape(recent.bench.note))
        missing(recent, chosen, with_note=False)
        _verdicts(page, champion, chosen, recent, "recent")
    older: Compared | None = None
    with right, parts.guarded("compare the versions on the holdout"):
        older = measured(page, chosen)
        st.markdown("**On the old holdout: what is given up?**")
        st.caption(
            f"{older.rows:,} rows of the data from before, which none of the versions learnt from."
        )
        missing(older, chosen)
        _verdicts(page, champion, chosen, older, "compared")
    _below(page, chosen, recent, "recent")
    return Shown(older, recent)


def _recent(page: Page, chosen: Sequence[Version]) -> Compared | None:
    """The versions on the rows that a retraining held back; None where none of them is of one."""
    with st.spinner("Measuring all of them on the newest production rows"):
        return _measured_recent(
            page.settings,
            page.project,
            tuple(version.version for version in chosen),
            next((version.version for version in chosen if version.is_champion), ""),
            cached.holdout_token(page.settings, page.project),
            tuple(chosen),
        )


@st.cache_resource(show_spinner=False, max_entries=20)
def _measured_recent(
    settings: Settings,
    project: str,
    numbers: tuple[str, ...],
    champion: str,
    written: int,
    _chosen: tuple[Version, ...],
) -> Compared | None:
    return comparison.on_recent(settings, project, _chosen)


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


def missing(found: Compared, chosen: Sequence[Version], with_note: bool = True) -> None:
    """Which rows these are, and which versions are not among them and why."""
    labels = {version.version: version.label for version in chosen}
    if found.bench.note and with_note:
        st.info(escape(found.bench.note), icon=":material/call_merge:")
    for number, reason in found.bench.absent.items():
        st.warning(
            f"**{escape(labels[number])}** is not compared. {escape(reason)}",
            icon=":material/warning:",
        )


def _verdicts(
    page: Page, champion: Version | None, chosen: Sequence[Version], found: Compared, key: str
) -> None:
    """A chart and a card for each challenger, or why there is none; then who decides all alike."""
    challengers = _challengers(chosen, found)
    if champion is None:
        st.caption("There is no champion to compare with yet; promote one below.")
    elif len(chosen) == 1:
        st.caption("Choose a version beside the champion to find out.")
    elif found.champion is None:
        st.caption("The champion could not be measured, so nothing is compared with it.")
    elif challengers:
        _cards(page, found, challengers, key)
    for version in chosen:
        if not (found.champion and version in challengers):
            _caution(page, found, version)


def _challengers(chosen: Sequence[Version], found: Compared) -> list[Version]:
    return [v for v in chosen if not v.is_champion and v.version in found.sides]


def _cards(page: Page, found: Compared, challengers: Sequence[Version], key: str) -> None:
    parts.chart(comparison_figures.differences(found), f"{key}-differences")
    few = len(challengers) <= _CARDS_AT_MOST
    with st.container(border=not few, gap="small"):
        for version in challengers:
            with st.container(border=few):
                _verdict(version.label, found, version.version)
                if few:
                    st.caption("  \n".join(_line(found, version.version, k) for k in _ON_THE_CARD))
                _caution(page, found, version)


def _caution(page: Page, found: Compared, version: Version) -> None:
    """Said of a version that decides nearly all rows alike, whatever its F1 looks like."""
    alike = found.one_sided.get(version.version)
    if alike is None:
        return
    target = page.spec.target
    finding = alike.finding(version.name, target.positive_words, target.negative_words)
    st.markdown(
        f":orange[:material/warning:] **{escape(finding)}.** "
        f"{escape(alike.advice(target.positive_words))}",
        help=REMEDY,
    )


def _below(page: Page, chosen: Sequence[Version], found: Compared, key: str) -> None:
    """What can be done with the evidence: put it on record, read its figures."""
    challengers = _challengers(chosen, found)
    if found.champion is None or not challengers:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        _record(page, tuple(version.version for version in challengers))
        figure = comparison_figures.differences(found)
        parts.numbers_below(figure, f"{key}-differences", "roc_auc_differences")
    with st.expander("Every metric's difference", icon=":material/table:"):
        table = comparison_figures.differences_table(found)
        st.dataframe(table, hide_index=True, height="content", key="all-differences")


def _verdict(label: str, found: Compared, number: str) -> None:
    judged = found.sides[number].judgements["roc_auc"]
    sentence = escape(_sentence(judged.sentence))
    st.markdown(f"{badge(judged.word)} **{escape(label)}** is {sentence}.")


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
