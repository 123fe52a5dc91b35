"""The answer for one row: the decision, both probabilities, where it was logged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import streamlit as st

from core.services.row_scoring import RowResult
from core.services.scoring import Version
from core.ui import parts
from core.ui.frame import Page
from core.ui.words import escape, share

HERE, REST = "here", "rest"
WAYS = {HERE: "This process", REST: "The REST endpoint"}


@dataclass(frozen=True)
class Answered:
    """A row that was asked about, and the answer."""

    values: dict[str, Any]
    result: RowResult
    version: Version
    through: str


def show(page: Page, answered: Answered | None, form: dict[str, Any]) -> None:
    """The answer, or where it will appear; ``form``: the values that the form holds now."""
    with st.container(border=True, key="row-answer"):
        if answered is None:
            st.markdown("**The answer appears here**")
            st.caption(
                "The form holds the middle of the training data: change what you like, then "
                "press Predict."
            )
            return
        _verdict(page, answered)
        if answered.values != form:
            st.caption(
                ":material/edit: The form has changed since; press Predict to score what it "
                "holds now."
            )


def _verdict(page: Page, answered: Answered) -> None:
    target, result = page.spec.target, answered.result
    verdict = target.positive_words if result.prediction else target.negative_words
    above = "above" if result.prediction else "not above"
    st.markdown(f"## {escape(verdict.capitalize())}")
    st.progress(result.probability)
    parts.figures_row(
        [
            (target.positive_words.capitalize(), share(result.probability), None),
            (target.negative_words.capitalize(), share(result.probability_negative), None),
        ]
    )
    st.markdown(
        f"{share(result.probability)} is {above} the threshold of {share(result.threshold)}, so "
        f"the decision is **{escape(verdict)}**."
    )
    way = "the REST endpoint" if answered.through == REST else "this process"
    st.caption(
        f"{escape(answered.version.label)}, through {way}. Logged as `{result.prediction_id}`"
    )
    parts.mlflow_link(page.settings, result.run_id)
