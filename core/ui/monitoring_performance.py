"""Performance in production: estimated where that is honest, measured where labels have come."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.services import monitoring, monitoring_figures
from core.services.monitoring import Report
from core.ui import pairs, parts
from core.ui.words import escape, score

_NAMES = {
    "roc_auc": "ROC AUC",
    "log_loss": "log loss",
    "f1": "F1",
    "accuracy": "accuracy",
    "precision": "precision",
    "recall": "recall",
}


def show(report: Report) -> None:
    """The chart of both beside the sentences that explain it."""
    reference = monitoring.reference_metrics(report.window.version)
    left, right = pairs.pair("monitoring_performance")
    with left:
        figure = monitoring_figures.performance(
            reference, report.estimate.metrics, report.realised, report.window.profile.reference
        )
        if figure is None:
            st.markdown("**Nothing can be said about performance yet**")
            st.caption("No labels have come, and there is no estimate: see the reasons beside.")
        else:
            parts.chart(figure, "performance")
            parts.numbers_below(figure, "performance", "performance")
    with right:
        _estimated(report)
        _realised(report)
    if figure is not None:
        _table(report, reference)


def _estimated(report: Report) -> None:
    estimate = report.estimate
    with st.container(border=True):
        st.markdown(
            "**Estimated, without labels**",
            help="The model's own probabilities, calibrated on held-out rows, stand in for the "
            "labels that have not come yet (confidence-based performance estimation).",
        )
        if estimate.status == "refused":
            st.badge("refused", icon=":material/block:", color="orange")
            st.markdown(escape(estimate.reason))
            return
        auc = estimate.metrics.get("roc_auc")
        if auc is not None:
            st.markdown(
                f"ROC AUC **{score(auc.value)}**, most likely {score(auc.low)} to {score(auc.high)}"
            )
        st.caption(escape(estimate.reason))


def _realised(report: Report) -> None:
    with st.container(border=True):
        st.markdown("**Realised, with labels**")
        if report.realised is None:
            none = report.unheard.sentence or "No label of these rows is known yet."
            st.caption(
                f"{none} Add labels under More when they come; they are joined by prediction id."
            )
            return
        window = report.window
        st.caption(f"{window.labelled_rows:,} of {window.own_rows:,} rows are labelled")
        for sentence in report.explanation:
            st.markdown(f"- {escape(sentence)}")


def _table(report: Report, reference: dict[str, float]) -> None:
    realised = report.realised or {}
    with st.expander("Performance in figures", icon=":material/table:"):
        st.dataframe(
            pd.DataFrame(
                [
                    {
                        "metric": title,
                        report.window.profile.reference.judged_title.lower(): score(
                            reference.get(name)
                        ),
                        "estimated": _interval(vars(report.estimate.metrics[name]))
                        if name in report.estimate.metrics
                        else "–",
                        "on labelled rows": _interval(realised.get(name)),
                    }
                    for name, title in _NAMES.items()
                ]
            ),
            hide_index=True,
        )
        st.caption("In brackets: 95% intervals.")


def _interval(figure: dict[str, float | None] | None) -> str:
    if figure is None or figure.get("value") is None:
        return "–"
    value, low, high = (score(figure.get(key)) for key in ("value", "low", "high"))
    return value if low == high else f"{value} ({low} to {high})"
