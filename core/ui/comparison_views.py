"""Versions side by side, one view at a time: what is not looked at is not drawn."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from core.services import comparison, comparison_figures, holdout
from core.services.comparison import METRICS, Compared, Version, WeakSpot
from core.settings import Settings
from core.ui import (
    cached,
    comparison_decisions,
    comparison_evidence,
    comparison_settings,
    parts,
    version_charts,
)
from core.ui.frame import Page
from core.ui.pairs import pair
from core.ui.words import escape

_PARAMETER = "view"
_PARTS_OF_BRIER = (
    "Brier score = reliability − resolution + uncertainty + within bins. Reliability is what "
    "probabilities that do not keep their word cost (0 is best); resolution what telling rows "
    "apart earns; uncertainty the score of always saying the base rate; the last is left of the "
    "spread inside the ten bins (Murphy 1973; Stephenson et al. 2008)."
)
_SLICES = (
    "Rows by category, by quarter of each number and by pairs of these, each with 5% of the "
    "rows at least. Red ones are shown to be worse: p-values are corrected by Benjamini and "
    "Hochberg, so at most one in twenty of them is expected to be chance."
)


def show(page: Page, chosen: Sequence[Version], found: Compared | None) -> None:
    """The choice of a view, and that view."""
    views = _views()
    asked = st.query_params.get(_PARAMETER, "")
    name = st.segmented_control(
        "View",
        list(views),
        default=asked if asked in views else next(iter(views)),
        required=True,
        key=f"compared-view-{page.project}",
        label_visibility="collapsed",
    )
    st.query_params[_PARAMETER] = name
    views[name](page, chosen, found)


def _views() -> dict[str, Callable[[Page, Sequence[Version], Compared | None], None]]:
    return {
        "Curves": _curves,
        "Metrics": _metrics,
        "Calibration": _calibration,
        "Decisions and gain": _decisions,
        "Where is it worse?": _weak_spots,
        "Cost and settings": comparison_settings.show,
        "Production": _production,
    }


def _curves(page: Page, chosen: Sequence[Version], found: Compared | None) -> None:
    left, right = pair("compared-curves")
    if found and found.sides:
        with left:
            _chart(comparison_figures.roc(found), "compared-roc", "roc")
            names = (page.spec.target.negative_words, page.spec.target.positive_words)
            densities = comparison_figures.densities(found, names)
            _chart(densities, "compared-densities", "probabilities")
        with right:
            figure = comparison_figures.precision_recall(found)
            _chart(figure, "compared-pr", "precision_recall")
    with right:
        strong = found.strong if found else None
        importance = holdout.importance_sides(holdout.known_evidence(page.settings, chosen), strong)
        _chart(importance, "compared-importance", "importance")
        version_charts.note_on_importance(chosen)


def _metrics(page: Page, chosen: Sequence[Version], found: Compared | None) -> None:
    if not _any(found):
        return
    assert found is not None
    metric = st.selectbox(
        "Metric",
        list(METRICS),
        format_func=lambda key: METRICS[key].title,
        key="compared-metric",
        width=240,
    )
    figure = comparison_figures.intervals(found, metric)
    _chart(figure, "compared-intervals", f"{metric}_intervals")
    table = comparison_figures.metrics_table(found)
    st.dataframe(table, height="content", key="compared-metrics")
    st.caption(
        f"On {found.rows:,} rows, 95% percentile intervals of 1,000 resamples that all versions "
        "share. Overlapping intervals do not mean that two versions are equal: the paired verdicts "
        "above tell."
    )


def _calibration(page: Page, chosen: Sequence[Version], found: Compared | None) -> None:
    if not _any(found):
        return
    assert found is not None
    _chart(comparison_figures.calibration(found), "compared-calibration", "calibration")
    table = comparison_figures.calibration_table(found)
    st.dataframe(table, height="content", key="compared-brier")
    st.caption("Marks grow with the rows behind them; hover for the counts.", help=_PARTS_OF_BRIER)


def _decisions(page: Page, chosen: Sequence[Version], found: Compared | None) -> None:
    if _any(found):
        assert found is not None
        comparison_decisions.show(page, found)


def _weak_spots(page: Page, chosen: Sequence[Version], found: Compared | None) -> None:
    challengers = [v for v in chosen if found and v.version in found.sides and not v.is_champion]
    if found is None or found.champion is None or not challengers:
        st.caption("A champion and a version beside it are needed to look for slices.")
        return
    labels = {version.version: version.label for version in challengers}
    number = challengers[0].version
    if len(challengers) > 1:
        number = st.selectbox(
            "Challenger", list(labels), format_func=labels.__getitem__, key="weak-spots-of"
        )
    for what in ("log loss", "calibration"):
        spots = _spots(page.settings, page.project, found, number, what, _token(page, found))
        figure = comparison_figures.weak_spots(spots, what)
        _chart(figure, f"weak-spots-{what}", f"slices_{what.replace(' ', '_')}")
    st.caption(f"{escape(labels[number])} against the champion, by slice.", help=_SLICES)


def _token(page: Page, found: Compared) -> tuple[object, ...]:
    written = cached.holdout_token(page.settings, page.project)
    return (tuple(found.sides), found.champion, found.rows, written)


@st.cache_data(show_spinner="Looking through the slices", max_entries=50)
def _spots(
    settings: Settings,
    project: str,
    _found: Compared,
    challenger: str,
    what: str,
    token: tuple[object, ...],
) -> list[WeakSpot]:
    return comparison.weak_spots(settings, project, _found, challenger, what)


def _production(page: Page, chosen: Sequence[Version], found: Compared | None) -> None:
    with parts.guarded("compare the versions on production"):
        live = _on_production(
            page.settings,
            page.project,
            tuple(version.version for version in chosen),
            cached.token(page.settings, page.project),
            tuple(chosen),
        )
        st.caption(
            f"The newest labelled rows of the inference log, re-scored by every version: "
            f"{live.rows:,} different rows."
        )
        comparison_evidence.missing(live, chosen)
        table = comparison_figures.metrics_table(live)
        st.dataframe(table, height="content", key="production-metrics")
        left, right = pair("production")
        with left:
            _chart(comparison_figures.roc(live), "production-roc", "production_roc")
        with right:
            figure = comparison_figures.calibration(live)
            _chart(figure, "production-calibration", "production_calibration")
        if live.champion and len(live.sides) > 1:
            _chart(comparison_figures.differences(live), "production-differences", "differences")


@st.cache_resource(show_spinner="Scoring the labelled rows of the log", max_entries=10)
def _on_production(
    settings: Settings,
    project: str,
    numbers: tuple[str, ...],
    written: tuple[int, ...],
    _chosen: tuple[Version, ...],
) -> Compared:
    return comparison.on_production(settings, project, _chosen)


def _any(found: Compared | None) -> bool:
    if found is None or not found.sides:
        st.caption("None of the versions could be measured on these rows.")
        return False
    return True


def _chart(figure: object, key: str, name: str) -> None:
    parts.chart(figure, key)
    parts.numbers_below(figure, key, name)
