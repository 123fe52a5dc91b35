"""Does it matter, and where does it sit: what the model makes of the drift, and the slices."""

from __future__ import annotations

import streamlit as st

from core.services import monitoring_figures
from core.services.monitoring import Report
from core.ui import pairs, parts
from core.ui.frame import Page
from core.ui.monitoring_feature import heading
from core.ui.words import escape


def show(page: Page, report: Report) -> None:
    """Effects on the left, where the drift sits on the right; a word where nothing moved."""
    if not report.slices and not report.losses:
        st.caption("No feature moved by more than chance gives, so there is nothing to weigh.")
        return
    left, right = pairs.pair("monitoring_matter")
    with left:
        _effects(report)
    with right:
        _slices(page, report)
    _losses(report)


def _effects(report: Report) -> None:
    if not report.effects:
        st.markdown("**What the model makes of it is not known**")
        st.caption("The champion's file could not be read, so its answers cannot be compared.")
        return
    before = report.window.profile.reference.noun
    figure = monitoring_figures.matter(report.effects, report.drift)
    parts.chart(figure, "effects")
    st.caption(
        f"Each feature alone is put back to where it was in {before}, and the model is asked "
        "again.",
    )
    parts.numbers_below(figure, "effects", "effects")


def _slices(page: Page, report: Report) -> None:
    if not report.slices:
        return
    names = [one.feature for one in report.slices]
    rank = {one.name: place for place, one in enumerate(report.effects)}
    names.sort(key=lambda name: rank.get(name, len(rank)))
    chosen = st.selectbox(
        "Where the drift sits",
        names,
        format_func=lambda name: heading(page, name),
        key="monitor-slices",
    )
    found = next(one for one in report.slices if one.feature == chosen)
    figure = monitoring_figures.where(found, report.window.profile.reference)
    parts.chart(figure, f"slices-{chosen}")
    parts.numbers_below(figure, f"slices-{chosen}", f"slices_{chosen}")


def _losses(report: Report) -> None:
    if not report.losses:
        return
    measure, judged = report.losses[0].measure, report.window.profile.reference.judged
    with st.container(border=True):
        st.markdown(
            f"**Where performance is lost** :small[:gray[({measure})]]",
            help=f"The rows whose log loss lies above the mean on {judged}, gathered into the "
            "fewest ranges that hold most of the loss. Estimated: with calibrated probabilities in "
            "place of labels.",
        )
        for one in report.losses:
            st.markdown(f"- {escape(one.sentence)}")
