"""Charts of scored files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.palette import ACCENT, layout
from core.scoring.findings import Findings

if TYPE_CHECKING:
    from plotly.graph_objects import Figure


def probabilities(findings: Findings, words: tuple[str, str]) -> Figure:
    """Rows by probability; by outcome where labels are known. ``words``: positive, negative."""
    from core.evaluation.figures import counted_histogram

    return counted_histogram(
        findings.histogram, findings.above, findings.threshold, (words[1], words[0])
    )


def roc(findings: Findings, name: str) -> Figure | None:
    """The ROC curve on the labelled rows; None unless both classes occur."""
    from core.evaluation.figures import roc_figure

    return roc_figure({name: findings.roc}, name) if findings.roc else None


def calibration(findings: Findings, name: str) -> Figure | None:
    """Predicted against observed on the labelled rows; None unless both classes occur."""
    from core.evaluation.figures import calibration_figure

    return calibration_figure({name: findings.calibration}, name) if findings.calibration else None


def out_of_range(findings: Findings) -> Figure | None:
    """Rows outside the training values, as shares by column; None without a profile."""
    import plotly.graph_objects as go

    shown = sorted(findings.out_of_range, key=lambda one: -one.share)
    if not shown:
        return None
    worst = shown[0]
    title = "Every value lies where training had values"
    if worst.rows:
        title = f"{worst.column}: {100 * worst.share:.1f}% of rows beyond what training had"
    figure = go.Figure(
        go.Bar(
            x=[one.share for one in shown],
            y=[one.column for one in shown],
            orientation="h",
            marker={"color": ACCENT},
            customdata=[[one.below, one.above, one.unseen, one.known] for one in shown],
            hovertemplate=(
                "%{y}: %{customdata[0]:,} rows below the training values, %{customdata[1]:,} "
                "above, %{customdata[2]:,} of a kind never seen, of %{customdata[3]:,} known"
                "<extra></extra>"
            ),
        )
    )
    return figure.update_layout(
        layout(
            title,
            height=max(240, 130 + 24 * len(shown)),
            xaxis={
                "title": {"text": "Share of rows"},
                "tickformat": ".0%",
                "range": [0, max(0.05, 1.05 * worst.share)],
            },
            yaxis={"title": {"text": "Column"}, "type": "category", "autorange": "reversed"},
        )
    )
