"""What scoring a file gave: counts, charts, figures on labelled rows, files to take away."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from core.services import scored_files, scoring_figures, scoring_reference
from core.services.scoring import FileResult
from core.services.scoring_reference import Beside
from core.settings import Settings
from core.ui import pairs, parts
from core.ui.frame import Page
from core.ui.words import duration, escape, number, score, share

_METRICS = {
    "roc_auc": ("ROC AUC", "chance that a positive is ranked above a negative; 0.5 is a coin"),
    "log_loss": ("Log loss", "how far the probabilities are from the labels; lower is better"),
    "f1": ("F1", "harmonic mean of precision and recall"),
    "accuracy": ("Accuracy", "share of right decisions"),
    "precision": ("Precision", "share of positive decisions that are right"),
    "recall": ("Recall", "share of positives that are found"),
}
_NOTHING = Beside("", {}, {})
_COLOURED = (
    "In colour: worse by more than chance and by enough to matter, by the rules of Monitor. "
    "What is not in colour is no worse, or may be by chance."
)


def show(page: Page, result: FileResult) -> None:
    """The whole result; it stays until the next file is scored."""
    summary = result.summary
    rows = "row" if summary["rows_scored"] == 1 else "rows"
    st.subheader(
        f"{summary['rows_scored']:,} {rows} scored with {result.version.label}", anchor=False
    )
    if note := summary.get("note"):
        st.info(escape(note), icon=":material/restore:")
    _counts(page, result)
    _take_away(page, result)
    _charts(page, result)
    _measured(page, result)
    if result.rejected is not None:
        _rejected(page, result, result.rejected)
    first = st.expander("First rows of the predictions", icon=":material/table_rows:")
    with first, parts.guarded("show the predictions"):
        st.dataframe(_added_first(scored_files.head(result.output)), hide_index=True)


def _counts(page: Page, result: FileResult) -> None:
    summary, words = result.summary, page.spec.target.positive_words
    scored, rejected = summary["rows_scored"], summary["rows_rejected"]
    above = result.findings.above / scored if scored else None
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
            (
                "Took",
                duration(summary["seconds"]),
                f"{summary['rows_per_second']:,.0f} rows per second, logged and all",
            ),
        ]
    )


def _take_away(page: Page, result: FileResult) -> None:
    _downloads(page, result.output, "scored", "Scored file")
    with st.container(horizontal=True, vertical_alignment="center"):
        parts.link("5_Drift_monitoring", page.project, "See whether production has drifted")
        parts.mlflow_link(page.settings, result.summary["run_id"])


def _downloads(page: Page, path: Path, key: str, what: str) -> None:
    """A button for each format that a browser can take; for others, where the file lies."""
    with parts.guarded("offer the download"):
        offered = scored_files.downloads(page.settings, path)
        with st.container(horizontal=True, vertical_alignment="center"):
            for one in offered:
                st.download_button(
                    f"{what} ({'CSV' if one.kind == 'csv' else 'Parquet'})",
                    data=one.content if one.why_not is None else b"",
                    file_name=one.file_name,
                    key=f"{key}-{one.kind}-{path.stem}",
                    icon=":material/download:",
                    on_click="ignore",
                    disabled=one.why_not is not None,
                    help=one.why_not,
                )
        for reason in [one.why_not for one in offered if one.why_not][:1]:
            st.caption(f":material/folder: {escape(reason)}")


def _charts(page: Page, result: FileResult) -> None:
    target = page.spec.target
    words = (target.positive_words, target.negative_words)
    findings, name = result.findings, result.version.label
    drawn = {
        "probabilities": scoring_figures.probabilities(findings, words),
        "roc": scoring_figures.roc(findings, name),
        "calibration": scoring_figures.calibration(findings, name),
        "out_of_range": scoring_figures.out_of_range(findings),
    }
    shown = {key: figure for key, figure in drawn.items() if figure is not None}
    columns = pairs.pair("scored")
    for place, (key, figure) in enumerate(shown.items()):
        with columns[place % 2]:
            parts.chart(figure, f"scored-{key}")
            parts.numbers_below(figure, f"scored-{key}", key)
    if drawn["roc"] is None:
        with columns[len(shown) % 2]:
            st.markdown("**No ROC curve**")
            st.caption(_no_curve(findings.labelled))


def _no_curve(known: int) -> str:
    if not known:
        return (
            "The file has no labels, so nothing can be measured on it yet. Monitor compares its "
            "rows with the training data instead, and takes labels that come later."
        )
    return f"All {known:,} labelled rows have the same label; a curve needs both."


def _measured(page: Page, result: FileResult) -> None:
    metrics = result.summary["metrics"]
    if metrics is None:
        return
    known = _NOTHING
    with parts.guarded("find what to hold the figures against"):
        known = _beside(page.settings, page.project, result.summary["run_id"], result) or _NOTHING
    st.markdown(
        f"**Measured on {result.summary['rows_labelled']:,} labelled rows**"
        + (f", beside the figures on {known.where}" if known.before else ""),
        help=_COLOURED if known.before else None,
    )
    if known.learnt:
        st.markdown(f":orange[:material/warning:] {_learnt(known.learnt, result)}")
    with st.container(horizontal=True, gap="medium"):
        for name, (title, explained) in _METRICS.items():
            words, colour = _delta(name, known, metrics.get(name))
            st.metric(
                title,
                score(metrics.get(name)),
                delta=words,
                delta_color=colour,
                delta_arrow="off",
                help=explained,
                width="content",
            )
    if said := _one_answer_for_all(page, result):
        st.markdown(f":orange[:material/warning:] {escape(said)}")


@st.cache_data(show_spinner=False, max_entries=50)
def _beside(settings: Settings, project: str, run_id: str, _result: FileResult) -> Beside | None:
    return scoring_reference.beside(settings, project, _result)


def _delta(name: str, known: Beside, now: float | None) -> tuple[str | None, Any]:
    """The version's own figure, in colour where this one is worse by more than chance.

    A better one earns no green: other rows with another share of positives move accuracy and log
    loss by themselves.
    """
    before = known.before.get(name)
    if before is None:
        return None, "off"
    said = f"{score(before)} on {known.where}"
    colour = parts.LEVEL_COLOURS.get(known.standings.get(name, ""))
    return (f"worse: {said}", colour) if colour and score(now) != score(before) else (said, "off")


def _learnt(rows: int, result: FileResult) -> str:
    labelled = result.summary["rows_labelled"]
    of_them = "All" if rows == labelled else f"{rows:,}"
    return (
        f"{of_them} of these {labelled:,} rows equal rows that {escape(result.version.label)} "
        "learnt from: on these it looks better than it will on new ones."
    )


def _one_answer_for_all(page: Page, result: FileResult) -> str:
    """What the figures hide where the model decides all rows alike; empty where it does not."""
    findings, target = result.findings, page.spec.target
    if findings.roc is None or findings.above not in (0, findings.rows):
        return ""
    positives = sum(findings.histogram["positive"])
    happened = share(positives / findings.labelled)
    if findings.above:
        return (
            f"It says “{target.positive_words}” of every row; {happened} of the labelled ones "
            "were. So its accuracy and F1 are those of a constant."
        )
    return (
        f"It says “{target.positive_words}” of no row, though {happened} of the labelled ones "
        f"were. So F1 is 0, and its accuracy is that of always saying “{target.negative_words}”."
    )


def _rejected(page: Page, result: FileResult, path: Path) -> None:
    with st.container(border=True):
        rows = result.summary["rows_rejected"]
        st.markdown(
            f":orange[:material/warning:] **{rows:,} rows were rejected** and not logged, because:"
        )
        reasons = sorted(result.reasons.items(), key=lambda item: -item[1])
        for reason, count in reasons[:8]:
            st.markdown(f"- {count:,} × {escape(reason)}")
        if len(reasons) > 8:
            st.caption(f"and {len(reasons) - 8:,} more reasons, all in the file")
        _downloads(page, path, "rejected", "Rejected rows")


def _added_first(rows: pd.DataFrame) -> pd.DataFrame:
    """The columns that scoring added stand on the left, where they are seen."""
    added = [n for n in ("prediction", "probability", "prediction_id") if n in rows]
    return rows[[*added, *(name for name in rows if name not in added)]]
