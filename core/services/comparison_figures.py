"""Charts and tables of versions that were measured on the same rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.evaluation.decisions import Payoff
from core.evaluation.metrics import METRICS
from core.evaluation.resampling import Interval
from core.evaluation.weak_spots import WeakSpot
from core.evidence.compared import Compared
from core.signs import decimal

if TYPE_CHECKING:
    import pandas as pd
    from plotly.graph_objects import Figure

ClassNames = tuple[str, str]
_VERDICTS = {"better": "better", "worse": "worse", "neither": "no evidence"}


def differences(compared: Compared) -> Figure:
    """Differences in ROC AUC from the champion, by challenger's label, with their intervals."""
    from core.evaluation.figure_difference import difference_figure

    labels = compared.labels
    against = {labels[n]: side for n, side in compared.sides.items() if side.differences}
    return difference_figure(
        {label: side.differences["roc_auc"].as_dict() for label, side in against.items()},
        "roc_auc",
        {label: side.judgements["roc_auc"].word for label, side in against.items()},
    )


def differences_table(compared: Compared) -> pd.DataFrame:
    """Every metric of every challenger against the champion, with interval, p and verdict."""
    import pandas as pd

    return pd.DataFrame(
        [
            {
                "version": compared.labels[number],
                "metric": METRICS[key].title,
                "difference": round(one.difference, 4),
                "low": round(one.low, 4),
                "high": round(one.high, 4),
                "p, corrected": round(side.judgements[key].p_value, 4),
                "verdict": _VERDICTS[side.judgements[key].word],
                "method": one.method,
            }
            for number, side in compared.sides.items()
            for key, one in side.differences.items()
        ]
    )


def intervals(compared: Compared, metric: str) -> Figure:
    """One metric of all, each with its interval."""
    from core.evaluation.figure_sides import interval_figure

    return interval_figure(
        compared.by_label(lambda side: side.metrics[metric]), metric, compared.strong
    )


def metrics_table(compared: Compared) -> pd.DataFrame:
    """Every metric, one row each; a column a version: "0.593 (0.575 to 0.611)"."""
    import pandas as pd

    sides = compared.by_label(lambda side: side.metrics)
    return pd.DataFrame(
        {label: [_spelt(metrics[key]) for key in METRICS] for label, metrics in sides.items()},
        index=pd.Index([info.title for info in METRICS.values()], name="metric"),
    )


def _spelt(interval: Interval) -> str:
    if interval.value != interval.value:  # nan
        return "–"
    value, low, high = (decimal(v, 3) for v in (interval.value, interval.low, interval.high))
    return f"{value} ({low} to {high})"


def roc(compared: Compared) -> Figure:
    from core.evaluation.figures import roc_figure

    return roc_figure(compared.by_label(lambda side: side.roc), compared.strong)


def precision_recall(compared: Compared) -> Figure:
    from core.evaluation.figures import pr_figure

    return pr_figure(compared.by_label(lambda side: side.precision_recall), compared.strong)


def densities(compared: Compared, class_names: ClassNames) -> Figure:
    """Where each version puts the rows of either class."""
    from core.evaluation.figure_sides import density_figure

    return density_figure(
        compared.by_label(lambda side: side.density), class_names, compared.strong
    )


def calibration(compared: Compared) -> Figure:
    """Reliability curves; marks grow with the rows behind them."""
    from core.evaluation.figures import calibration_figure

    return calibration_figure(compared.by_label(lambda side: side.calibration), compared.strong)


def calibration_table(compared: Compared) -> pd.DataFrame:
    """The Brier score and its parts, and the expected calibration error: one row a version."""
    import pandas as pd

    parts = compared.by_label(lambda side: side.brier)
    table = pd.DataFrame(
        {
            "Brier score": [one.brier for one in parts.values()],
            "reliability ↓": [one.reliability for one in parts.values()],
            "resolution ↑": [one.resolution for one in parts.values()],
            "uncertainty": [one.uncertainty for one in parts.values()],
            "within bins": [one.within_variance - one.within_covariance for one in parts.values()],
            "expected calibration error ↓": list(
                compared.by_label(lambda side: side.calibration.expected_error).values()
            ),
        },
        index=pd.Index(list(parts), name="version"),
    )
    return table.round(5)


def decisions(compared: Compared, threshold: float | None, class_names: ClassNames) -> Figure:
    """The four counts of all at one threshold, or, with None, each at its own."""
    from core.evaluation.figure_sides import decisions_figure

    own = {one.version.version: one.version.threshold for one in compared.bench.measured}
    counts = {
        compared.labels[number]: side.decisions.at(own[number] if threshold is None else threshold)
        for number, side in compared.sides.items()
    }
    return decisions_figure(counts, class_names, compared.strong)


def gain(compared: Compared, payoff: Payoff, threshold: float | None) -> Figure:
    """What a decision is worth on average, by threshold."""
    from core.evaluation.figure_sides import gain_figure

    return gain_figure(
        compared.by_label(lambda side: side.decisions), payoff, threshold, compared.strong
    )


def gain_table(compared: Compared, payoff: Payoff, threshold: float | None) -> pd.DataFrame:
    """Worth of all decisions now and at the best threshold: one row a version."""
    import pandas as pd

    rows = []
    for one in compared.bench.measured:
        table = compared.sides[one.version.version].decisions
        at = one.version.threshold if threshold is None else threshold
        best_at, best = table.best(payoff)
        rows.append(
            {
                "version": one.version.label,
                "threshold": at,
                "worth of all rows": round(payoff.of(table.at(at)), 2),
                "a row": round(payoff.of_a_row(table.at(at)), 4),
                "best threshold": best_at,
                "a row there": round(best, 4),
            }
        )
    return pd.DataFrame(rows)


def weak_spots(spots: list[WeakSpot], what: str) -> Figure:
    """The slices where a challenger is worst against the champion."""
    from core.evaluation.figure_sides import weak_spots_figure

    return weak_spots_figure(spots, what)
