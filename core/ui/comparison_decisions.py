"""One threshold for all versions, and what decisions are worth at the user's own costs."""

from __future__ import annotations

import streamlit as st

from core.services import comparison_figures
from core.services.comparison import Compared, Payoff
from core.ui import parts
from core.ui.frame import Page
from core.ui.pairs import pair


@st.fragment
def show(page: Page, found: Compared) -> None:
    """Slider, costs, decisions, gain; moving one redraws this part alone."""
    target = page.spec.target
    names = (target.negative_words, target.positive_words)
    own = st.toggle("Each at its own threshold", value=True, key="compared-own-threshold")
    at = None if own else _threshold()
    payoff = _payoff(names)
    left, right = pair("compared-decisions")
    with left:
        figure = comparison_figures.decisions(found, at, names)
        parts.chart(figure, "compared-decisions")
        parts.numbers_below(figure, "compared-decisions", "decisions")
    with right:
        figure = comparison_figures.gain(found, payoff, at)
        parts.chart(figure, "compared-gain")
        parts.numbers_below(figure, "compared-gain", "gain")
    table = comparison_figures.gain_table(found, payoff, at)
    st.dataframe(table, hide_index=True, height="content", key="compared-worth")
    st.caption(
        "What-if only: nothing is logged and no version's threshold changes. The best threshold "
        "is found on these very rows, which flatters it a little."
    )


def _threshold() -> float:
    """The one threshold of all."""
    return float(
        st.slider(
            "Decision threshold of all",
            0.0,
            1.0,
            0.5,
            0.005,
            format="%.3f",
            key="compared-threshold",
        )
    )


def _payoff(names: tuple[str, str]) -> Payoff:
    """What each kind of decision is worth, as the user says."""
    negative, positive = (name.capitalize() for name in names)
    st.caption("What one decision is worth to you, in any unit; costs are below 0.")
    with st.container(horizontal=True):
        values = [
            st.number_input(
                words, value=value, step=1.0, key=f"compared-{key}", width=210, help=about
            )
            for key, words, value, about in (
                ("tp", f"{positive}: rightly called so", 0.0, "What finding one is worth."),
                ("fp", f"{positive}: false alarm", -1.0, "What a false alarm costs: below 0."),
                ("fn", f"{positive}: overlooked", -1.0, "What overlooking one costs."),
                ("tn", f"{negative}: rightly called so", 0.0, "What leaving one alone is worth."),
            )
        ]
    return Payoff(
        true_positive=values[0],
        false_positive=values[1],
        false_negative=values[2],
        true_negative=values[3],
    )
