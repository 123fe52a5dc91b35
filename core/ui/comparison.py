"""The model comparison page: the champion beside others, the evidence, and who is in charge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from core.services import comparison
from core.services.comparison import Version
from core.ui import cached, comparison_evidence, comparison_promote, leaderboard, parts
from core.ui.frame import Page
from core.ui.pairs import pair

_PARAMETER = "versions"
_CHALLENGERS_AT_FIRST = 3
# More lines than this on one chart cannot be told apart.
_CHALLENGERS_AT_MOST = 7


def body(page: Page) -> None:
    """Choice, figures side by side, evidence, the move of an alias, curves and settings."""
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
    chosen = _choose(page, versions, champion)
    leaderboard.show([leaderboard.Row.of(v) for v in chosen], "compared", "comparison")
    challengers = [version for version in chosen if not version.is_champion]
    if champion is not None:
        comparison_evidence.show(page, champion, challengers)
    comparison_promote.show(page, versions, champion, chosen)
    with parts.guarded("draw the versions"):
        _charts(page, chosen, champion)
    _hyperparameters(chosen)


def _choose(page: Page, versions: Sequence[Version], champion: Version | None) -> list[Version]:
    """The champion, if there is one, and the versions chosen beside it; the URL names them."""
    others = {v.version: v for v in versions if v is not champion}
    first = list(others)[:_CHALLENGERS_AT_FIRST]
    key = f"compare-{page.project}"
    if key not in st.session_state:
        asked = [number for number in _in_url() if number in others]
        st.session_state[key] = (asked or first)[:_CHALLENGERS_AT_MOST]
    st.session_state[key] = _after_promotion(key, champion, others)
    if not others:
        st.info("Only one version so far; train another and it can challenge the champion.")
        parts.link("2_Training", page.project, "Train another")
        return list(versions)
    label = "Versions to compare"
    if champion is not None:
        label = f"Compare the champion, {champion.label}, with"
    chosen = st.multiselect(
        label,
        list(others),
        format_func=lambda number: others[number].label,
        key=key,
        max_selections=_CHALLENGERS_AT_MOST,
        placeholder="Choose versions",
    )
    if chosen == first or not chosen:
        st.query_params.pop(_PARAMETER, None)
    else:
        st.query_params[_PARAMETER] = ",".join(chosen)
    beside = [others[number] for number in chosen]
    return [champion, *beside] if champion is not None else beside or list(versions[:1])


def _after_promotion(
    key: str, champion: Version | None, others: Mapping[str, Version]
) -> list[str]:
    """The choice, with the champion of before in the place of the one that took over."""
    now = champion.version if champion is not None else None
    before = st.session_state.get(f"{key}-champion", now)
    st.session_state[f"{key}-champion"] = now
    kept = [number for number in st.session_state[key] if number in others]
    if before != now and before in others and before not in kept:
        kept = [before, *kept][:_CHALLENGERS_AT_MOST]
    return kept


def _in_url() -> list[str]:
    return st.query_params.get(_PARAMETER, "").split(",")


def _charts(page: Page, chosen: Sequence[Version], champion: Version | None) -> None:
    found = [cached.evidence(page.settings, version) for version in chosen]
    strong = champion.label if champion is not None else None
    st.subheader("Side by side", anchor=False)
    left, right = pair("compared-curves")
    with left:
        roc = comparison.roc_overlay(found, strong)
        parts.chart(roc, "compared-roc")
        parts.numbers_below(roc, "compared-roc", "roc")
    with right:
        importance = comparison.importance_sides(found, strong)
        parts.chart(importance, "compared-importance")
        parts.numbers_below(importance, "compared-importance", "importance")


def _hyperparameters(chosen: Sequence[Version]) -> None:
    st.subheader("Hyperparameters", anchor=False)
    everything = st.toggle(
        "Also those that are the same", key="compared-all-hyperparameters", value=len(chosen) == 1
    )
    table = comparison.hyperparameter_table(chosen, only_differing=not everything)
    if table.empty:
        st.caption("All the same in the versions compared.")
        return
    st.dataframe(table, height="content", key="compared-hyperparameters")
