"""What scoring a file gave: counts, charts, figures on labelled rows, files to take away."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import streamlit as st

from core.services import scoring, scoring_figures
from core.services.scoring import FileResult
from core.ui import parts
from core.ui.frame import Page
from core.ui.words import escape, number, share

_METRICS = {
    "roc_auc": ("ROC AUC", "chance that a positive is ranked above a negative; 0.5 is a coin"),
    "log_loss": ("Log loss", "how far the probabilities are from the labels; lower is better"),
    "f1": ("F1", "harmonic mean of precision and recall"),
    "accuracy": ("Accuracy", "share of right decisions"),
    "precision": ("Precision", "share of positive decisions that are right"),
    "recall": ("Recall", "share of positives that are found"),
}


def show(page: Page, result: FileResult) -> None:
    """The whole result; it stays until the next file is scored."""
    summary = result.summary
    rows = "row" if summary["rows_scored"] == 1 else "rows"
    st.subheader(
        f"{summary['rows_scored']:,} {rows} scored with {result.version.label}", anchor=False
    )
    _counts(page, result)
    _take_away(page, result)
    _charts(page, result)
    _measured(result)
    if result.rejected is not None:
        _rejected(result, result.rejected)
    first = st.expander("First rows of the predictions", icon=":material/table_rows:")
    with first, parts.guarded("show the predictions"):
        st.dataframe(_added_first(scoring.head(result.output)), hide_index=True)


def _counts(page: Page, result: FileResult) -> None:
    summary, words = result.summary, page.spec.target.positive_words
    scored, rejected = summary["rows_scored"], summary["rows_rejected"]
    above = float((result.probability > result.version.threshold).mean()) if scored else None
    parts.figures_row(
        [
            ("Rows in the file", number(scored + rejected), "scored and rejected together"),
            ("Scored", number(scored), "each of them is logged"),
            ("Rejected", number(rejected), "rows that cannot be scored, with their reasons"),
            (
                f"Predicted {words}",
                share(above),
                f"share of rows with a probability above {result.version.threshold:g}",
            ),
            ("Labelled", number(summary["rows_labelled"]), "rows whose outcome the file tells"),
        ]
    )


def _take_away(page: Page, result: FileResult) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        _downloads(result.output, "scored", "Scored file")
        parts.link("5_Drift_monitoring", page.project, "See whether production has drifted")
        parts.mlflow_link(page.settings, result.summary["run_id"])


def _downloads(path: Path, key: str, what: str) -> None:
    for kind, label in (("parquet", "Parquet"), ("csv", "CSV")):
        st.download_button(
            f"{what} ({label})",
            data=lambda kind=kind: scoring.download_bytes(path, kind),  # type: ignore[misc]
            file_name=f"{path.stem}.{kind}",
            key=f"{key}-{kind}-{path.stem}",
            icon=":material/download:",
            on_click="ignore",
        )


def _charts(page: Page, result: FileResult) -> None:
    target = page.spec.target
    words = (target.positive_words, target.negative_words)
    left, right = st.columns(2, gap="large")
    with left:
        histogram = scoring_figures.probabilities(
            result.probability, result.version.threshold, result.labels, words
        )
        parts.chart(histogram, "scored-probabilities")
        parts.numbers_below(histogram, "scored-probabilities", "probabilities")
    curve = scoring_figures.roc(result.probability, result.labels, result.version.label)
    with right:
        if curve is not None:
            parts.chart(curve, "scored-roc")
            parts.numbers_below(curve, "scored-roc", "roc")
        else:
            st.markdown("**No ROC curve**")
            st.caption(_no_curve(result.labels))


def _no_curve(labels: np.ndarray) -> str:
    known = int((~np.isnan(labels)).sum())
    if not known:
        return (
            "The file has no labels, so nothing can be measured on it yet. Monitor compares its "
            "rows with the training data instead, and takes labels that come later."
        )
    return f"All {known:,} labelled rows have the same label; a curve needs both."


def _measured(result: FileResult) -> None:
    metrics = result.summary["metrics"]
    if metrics is None:
        return
    st.markdown(
        f"**Measured on {result.summary['rows_labelled']:,} labelled rows**, "
        "with the difference to the holdout"
    )
    with st.container(horizontal=True, gap="medium"):
        for name, (title, explained) in _METRICS.items():
            before, now = result.version.metrics.get(f"test_{name}"), metrics.get(name)
            known = before is not None and now is not None
            st.metric(
                title,
                number(now),
                delta=f"{now - before:+.3f}" if known else None,
                delta_color="inverse" if name == "log_loss" else "normal",
                help=explained,
                width="content",
            )


def _rejected(result: FileResult, path: Path) -> None:
    with st.container(border=True):
        rows = result.summary["rows_rejected"]
        st.markdown(f":orange[:material/warning:] **{rows:,} rows were rejected** and not logged")
        reasons = sorted(result.reasons.items(), key=lambda item: -item[1])
        for reason, count in reasons[:8]:
            st.markdown(f"- {count:,} × {escape(reason)}")
        if len(reasons) > 8:
            st.caption(f"and {len(reasons) - 8:,} more reasons, all in the file")
        with st.container(horizontal=True):
            _downloads(path, "rejected", "Rejected rows")


def _added_first(rows: pd.DataFrame) -> pd.DataFrame:
    """The columns that scoring added stand on the left, where they are seen."""
    added = [n for n in ("prediction", "probability", "prediction_id") if n in rows]
    return rows[[*added, *(name for name in rows if name not in added)]]
