"""One feature of the window: its distribution beside the reference's, its statistics explained."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.services import monitoring_figures
from core.services.monitoring import FeatureDrift, Reference, Report
from core.ui import pairs, parts
from core.ui.frame import Page
from core.ui.words import escape, number, score, share

_PROBABILITY = "probability"
_TERMS = {
    "psi": (
        "PSI",
        "Population stability index: how differently the rows fall into the reference's bins; 0 is "
        "alike, 0.1 a real shift. This is the one that decides, against what chance gives.",
    ),
    "js_distance": (
        "Jensen-Shannon distance",
        "Distance between the two distributions over the same bins, from 0 (alike) to 1 (nothing "
        "in common).",
    ),
    "ks": (
        "Kolmogorov-Smirnov",
        "The largest gap between the two cumulative distributions, from 0 to 1.",
    ),
    "wasserstein": (
        "Wasserstein, normalised",
        "How far values moved on average, in standard deviations of the reference.",
    ),
    "chi_squared": (
        "Chi-squared",
        "Squared gaps between the counts of the categories; grows with the number of rows.",
    ),
}


def show(page: Page, report: Report) -> None:
    """A choice of feature, the one that moved most first."""
    st.subheader("Feature by feature", anchor=False)
    found = {one.name: one for one in sorted(report.drift, key=lambda d: -(d.psi or 0.0))}
    if report.prediction is not None:
        found[_PROBABILITY] = report.prediction
    left, right = st.columns([3, 2], vertical_alignment="bottom")
    name = left.selectbox(
        "Feature",
        list(found),
        format_func=lambda n: f"{heading(page, n)} ({found[n].level})",
        key=f"monitor-feature-{page.project}",
    )
    if name is None:
        return
    drift = found[name]
    numeric = drift.kind == "numeric"
    how = right.segmented_control(
        "Drawn as",
        ["Histogram", "Violin"],
        default="Histogram",
        required=True,
        disabled=not numeric,
        help=None if numeric else "Violins are for numbers; this feature has categories.",
        key="monitor-drawn-as",
    )
    _distribution(page, report, drift, violin=numeric and how == "Violin")
    _all_features(page, report)


def _distribution(page: Page, report: Report, drift: FeatureDrift, violin: bool) -> None:
    window = report.window
    profile, values = window.profile.features.get(drift.name), None
    if drift.name == _PROBABILITY and profile is None:
        profile, values = window.profile.probability, window.probability[window.ours]
    if profile is None:
        return
    if values is None:
        values = window.frame[drift.name]
    title = f"{heading(page, drift.name)}: {drift.change}"
    histogram = monitoring_figures.distribution(profile, values, title, window.profile.reference)
    drawn = histogram
    if violin:
        drawn = monitoring_figures.violin(profile, values, title, window.profile.reference)
    left, right = pairs.pair("monitoring_feature")
    with left:
        parts.chart(drawn or histogram, f"feature-{drift.name}-{violin}")
        parts.numbers_below(histogram, f"feature-{drift.name}", f"distribution_{drift.name}")
    with right:
        _statistics(drift, window.profile.reference)


def _statistics(drift: FeatureDrift, reference: Reference) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        parts.level_badge(drift.level)
        if drift.threshold is not None:
            st.caption(f"by chance, PSI stays below {drift.threshold:.3f}", width="content")
    if drift.detectable is not None:
        st.caption(
            f"{drift.rows:,} rows would show {escape(drift.detectable)}.",
            help="The smallest shift that four windows of five of this size would show: the "
            "reference's values are weighted towards one end until windows drawn from them exceed "
            "the threshold 80 times in 100.",
        )
    for key, (title, explained) in _TERMS.items():
        value = getattr(drift, key)
        if value is not None:
            st.markdown(f"**{title}: {_figure(key, value)}**  \n:small[:gray[{explained}]]")
    before = f"in {reference.noun}"
    shares = [
        ("missing", drift.missing_share, f"{share(drift.reference_missing_share)} {before}"),
        (f"outside {reference.noun}'s range", drift.out_of_range_share, f"none {before}"),
        (
            f"in categories that {reference.noun} never had",
            drift.new_category_share,
            f"none {before}",
        ),
    ]
    for words, part, was in shares:
        if part is not None:
            st.caption(f"{share(part)} {words} ({was})")


def _figure(key: str, value: float) -> str:
    return number(value) if key == "chi_squared" else score(value)


def _all_features(page: Page, report: Report) -> None:
    with st.expander("All features in figures", icon=":material/table:"):
        table = pd.DataFrame(
            [
                {
                    "feature": heading(page, one.name),
                    "level": one.level,
                    "PSI": one.psi,
                    "by chance below": one.threshold,
                    "would be seen": one.detectable or "–",
                    "Jensen-Shannon": one.js_distance,
                    "KS": one.ks,
                    "Wasserstein": one.wasserstein,
                    "chi-squared": one.chi_squared,
                    "missing": one.missing_share,
                    "change": one.change,
                }
                for one in report.drift
            ]
        )
        three = st.column_config.NumberColumn(format="%.3f")
        st.dataframe(
            table,
            hide_index=True,
            placeholder="–",
            column_config={
                **dict.fromkeys(("PSI", "by chance below", "Jensen-Shannon", "KS"), three),
                "Wasserstein": three,
                "chi-squared": st.column_config.NumberColumn(format="%.1f"),
                "missing": st.column_config.NumberColumn(format="percent"),
                "change": st.column_config.TextColumn(width="large"),
            },
        )
        if report.domain.roc_auc is not None:
            st.caption(
                "All features together: a classifier tells these rows from "
                f"{report.window.profile.reference.kind} rows with ROC AUC "
                f"{report.domain.roc_auc:.3f}; 0.5 would mean that nothing can, 1 that they have "
                "nothing in common. Well below 0.5, many of these rows are among those themselves."
            )


def heading(page: Page, name: str) -> str:
    """A feature's words in the specification, else its name read as words, as plain text.

    A name that has capitals of its own, as pH, keeps them.
    """
    if name == _PROBABILITY and name not in page.spec.raw_columns:
        return "The model's probability"
    given = {column.name: column.title for column in page.spec.columns}.get(name, name)
    words = given if given != name else name.replace("_", " ")
    return words if given == name != name.lower() else f"{words[:1].upper()}{words[1:]}"
