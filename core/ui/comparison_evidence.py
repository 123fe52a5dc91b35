"""Is the difference real? Paired evidence of each challenger against the champion, in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from core.services import comparison
from core.services.comparison import HOLDOUT_METRICS, Version
from core.settings import Settings
from core.ui import cached, parts
from core.ui.frame import Page
from core.ui.words import escape

_METHOD = (
    "Both models are measured on the same holdout rows, so what makes a row hard for both "
    "cancels out. ROC AUC by DeLong's method, log loss and F1 by a paired bootstrap of 1,000 "
    "resamples; intervals are at 95 %. An interval that holds 0 is no evidence of a difference."
)
_VERDICTS: dict[str, tuple[str, Any, str]] = {
    "better": ("better", "green", ":material/trending_up:"),
    "worse": ("worse", "red", ":material/trending_down:"),
    "neither": ("no evidence of a difference", "gray", ":material/drag_handle:"),
}


def show(page: Page, champion: Version, challengers: Sequence[Version]) -> None:
    """One card for each challenger, and a button that puts the comparison on record."""
    st.subheader("Is the difference real?", anchor=False, help=_METHOD)
    if not challengers:
        st.caption("Choose a version beside the champion to find out.")
        return
    with parts.guarded("compare the versions"):
        numbers = tuple(version.version for version in challengers)
        result = _compared(page.settings, page.project, champion.version, numbers, _holdout(page))
        labels = {version.version: version.label for version in challengers}
        figure = comparison.difference_chart(
            {labels[one["version"]]: one["differences"]["roc_auc"] for one in result["candidates"]}
        )
        parts.chart(figure, "compared-differences")
        for one in result["candidates"]:
            _card(labels[one["version"]], one)
        _foreign(page, [champion, *challengers])
        with st.container(horizontal=True, vertical_alignment="center"):
            _record(page, numbers)
            parts.numbers_below(figure, "compared-differences", "roc_auc_differences")


def _holdout(page: Page) -> int:
    """Changes with the holdout rows."""
    file = page.settings.layer(page.project, "05_model_input") / "base_test.parquet"
    return file.stat().st_mtime_ns if file.is_file() else 0


@st.cache_data(show_spinner="Measuring all of them on the same holdout rows", max_entries=50)
def _compared(
    settings: Settings, project: str, champion: str, numbers: tuple[str, ...], holdout: int
) -> dict[str, Any]:
    return comparison.compare(settings, project, numbers, record=False)


def _card(label: str, one: dict[str, Any]) -> None:
    differences = one["differences"]
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            word, colour, icon = _VERDICTS[judged(differences["roc_auc"], "roc_auc")]
            st.badge(word, icon=icon, color=colour)
            st.markdown(f"**{escape(label)}** is {escape(_sentence(one['verdict']))}.")
        said = [_measured(key, found) for key, found in differences.items()]
        st.caption("  \n".join(said))


def _sentence(verdict: str) -> str:
    """The verdict after "v2 Decision Tree Classifier is"."""
    kinds = {"no evidence of a difference": "not shown to differ", "no difference": "no different"}
    for start, words in kinds.items():
        if verdict.startswith(start):
            return verdict.replace(start, words, 1)
    return verdict.replace("cannot be compared", "not comparable", 1)


def judged(difference: dict[str, Any], metric: str) -> str:
    """What an interval says of the challenger: better, worse, or neither."""
    low, high = difference["low"], difference["high"]
    if low is None or high is None or low <= 0 <= high:
        return "neither"
    info = next(info for info in HOLDOUT_METRICS if info.key == metric)
    return "better" if info.gain(low) > 0 else "worse"


def _measured(key: str, found: dict[str, Any]) -> str:
    title = next(info.title for info in HOLDOUT_METRICS if info.key == key)
    if found["difference"] is None or found["low"] is None:
        return f"{title}: undefined on these rows"
    direction = {"better": ":green[better]", "worse": ":red[worse]", "neither": "no evidence"}
    numbers = (
        f"{found['difference']:+.4f}, interval {found['low']:+.4f} to {found['high']:+.4f}"
    ).replace("-", "\N{MINUS SIGN}")
    return f"{title} {numbers} ({found['method']}): {direction[judged(found, key)]}"


def _foreign(page: Page, versions: Sequence[Version]) -> None:
    """Say which versions may have been trained on rows that are held out today."""
    foreign = [
        v.label
        for v in versions
        if not _same_holdout(page.settings, page.project, v.version, _holdout(page))
    ]
    if foreign:
        st.warning(
            f"{escape(', '.join(foreign))}: trained on another split of the data, so some of these "
            "holdout rows may have been in its training, which flatters it. Train again for a "
            "fair comparison.",
            icon=":material/warning:",
        )


@st.cache_data(show_spinner=False, max_entries=200)
def _same_holdout(settings: Settings, project: str, number: str, holdout: int) -> bool:
    version = next(v for v in cached.versions(settings, project) if v.version == number)
    return comparison.same_holdout(settings, project, version)


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
