"""Charts of counts and sizes: confusion, importances, metrics side by side."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from core.evaluation.figure_curves import NO_ROWS
from core.evaluation.figure_parts import CLASS_NAMES, colours, digits, empty_figure
from core.evaluation.importance import Importance
from core.evaluation.metrics import METRICS, Metrics
from core.palette import CHAMPION, MUTED, layout

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

_FALL = "Fall in ROC AUC when shuffled"
NOTHING = "nothing"
_WIDE_BARS_AT_MOST = 3  # models side by side: more, and the chart would not fit a screen


def confusion_figure(
    counts: Metrics | Sequence[Sequence[int]], class_names: tuple[str, str] = CLASS_NAMES
) -> Figure:
    """Decisions against outcomes; ``counts``: Metrics, or rows actual 0, 1 × columns decided."""
    import plotly.graph_objects as go

    cells = _cells(counts)
    total = int(cells.sum())
    if not total:
        return empty_figure("Decisions", NO_ROWS)
    of_actual = cells.sum(axis=1, keepdims=True)
    share = cells / np.where(of_actual, of_actual, 1)
    text = [
        [
            f"{cells[row, column]:,}<br>{100 * share[row, column]:.1f}% of {class_names[row]}"
            for column in (0, 1)
        ]
        for row in (0, 1)
    ]
    figure = go.Figure(
        go.Heatmap(
            z=cells.tolist(),
            x=[f"predicted {name}" for name in class_names],
            y=[f"actually {name}" for name in class_names],
            text=text,
            texttemplate="%{text}",
            hovertemplate="%{y}, %{x}: %{z:,} rows<extra></extra>",
            colorscale=[[0, "#E9E6F2"], [1, CHAMPION]],
            zmin=0,
            showscale=False,
            xgap=3,
            ygap=3,
        )
    )
    right = (cells[0, 0] + cells[1, 1]) / total
    return figure.update_layout(
        layout(
            f"{100 * right:.1f}% of {total:,} decisions right: {cells[0, 1]:,} false alarms, "
            f"{cells[1, 0]:,} overlooked",
            xaxis={"title": {"text": "Decision of the model (rows)"}},
            yaxis={"title": {"text": "What happened (rows)"}, "autorange": "reversed"},
        )
    )


def _cells(counts: Metrics | Sequence[Sequence[int]]) -> np.ndarray:
    if isinstance(counts, Metrics):
        found = counts.confusion
        counts = [
            [found.true_negatives, found.false_positives],
            [found.false_negatives, found.true_positives],
        ]
    cells = np.asarray(counts, dtype=np.int64)
    if cells.shape != (2, 2):
        raise ValueError(f"A confusion matrix has 2 rows and 2 columns; found {cells.shape}.")
    return cells


def importance_figure(importances: Sequence[Importance], title: str | None = None) -> Figure:
    """Fall in ROC AUC by feature, with the standard deviation over repeats; largest on top."""
    import plotly.graph_objects as go

    if not importances:
        return empty_figure(title or "Importance of the features", NO_ROWS)
    ordered = sorted(importances, key=lambda importance: -importance.mean)
    top = ordered[0]
    figure = go.Figure(
        go.Bar(
            x=[importance.mean for importance in ordered],
            y=[importance.feature for importance in ordered],
            error_x=_spread([importance.std for importance in ordered]),
            orientation="h",
            marker={"color": CHAMPION},
            hovertemplate="without %{y}: ROC AUC falls by %{x}<extra></extra>",
        )
    )
    finding = f"{top.feature} matters most: shuffling it costs {digits(top.mean)} ROC AUC"
    if top.mean <= 0:
        finding = "No feature matters: shuffling any of them costs no ROC AUC"
    return figure.update_layout(_importance_layout(title or finding, len(ordered)))


def importance_comparison_figure(
    importances: Mapping[str, Sequence[Importance]], highlight: str | None = None
) -> Figure:
    """Importances of several models side by side, by model name; the largest of any on top."""
    import plotly.graph_objects as go

    drawn = {name: {i.feature: i for i in found} for name, found in importances.items() if found}
    if not drawn:
        return empty_figure("Importance of the features", NO_ROWS)
    largest: dict[str, float] = {}
    for found in drawn.values():
        for feature, importance in found.items():
            largest[feature] = max(importance.mean, largest.get(feature, -math.inf))
    features = sorted(largest, key=lambda feature: -largest[feature])
    colour, figure = colours(drawn, highlight), go.Figure()
    for name, found in drawn.items():
        known = [found[feature] for feature in features if feature in found]
        figure.add_bar(
            x=[importance.mean for importance in known],
            y=[importance.feature for importance in known],
            error_x=_spread([importance.std for importance in known]),
            name=name,
            orientation="h",
            marker={"color": colour[name]},
            hovertemplate="without %{y}: ROC AUC falls by %{x}",
        )
    leaders = {name: _leading_feature(found.values()) for name, found in drawn.items()}
    if len(set(leaders.values())) == 1 and NOTHING not in leaders.values():
        title = (
            f"{features[0]} matters most to {'all models' if len(drawn) > 1 else next(iter(drawn))}"
        )
    else:
        title = "What matters most: " + ", ".join(f"{f} to {name}" for name, f in leaders.items())
    order = {"categoryorder": "array", "categoryarray": features}
    thin = len(drawn) > _WIDE_BARS_AT_MOST
    figure.update_layout(_importance_layout(title, len(features) * len(drawn), 10 if thin else 22))
    return figure.update_yaxes(order)


def _leading_feature(found: Iterable[Importance]) -> str:
    """The feature that costs most to lose; "nothing" where a model does not look at its inputs."""
    best = max(found, key=lambda importance: importance.mean)
    return best.feature if best.mean > 0 else NOTHING


def _spread(deviations: list[float]) -> dict[str, object]:
    """Error bars that show on light and dark paper and on any bar."""
    return {"type": "data", "array": deviations, "color": MUTED, "thickness": 1.5}


def _importance_layout(title: str, bars: int, pixels: int = 22) -> dict[str, object]:
    return layout(
        title,
        height=max(260, 130 + pixels * bars),
        xaxis={"title": {"text": _FALL}, "hoverformat": ".4f"},
        # A feature called "2" is a name, not a number.
        yaxis={"title": {"text": "Feature"}, "type": "category", "autorange": "reversed"},
    )


def metric_bars(
    by_version: Mapping[str, Mapping[str, float | None]],
    metrics: Sequence[str] = ("roc_auc", "f1", "accuracy", "precision", "recall"),
    highlight: str | None = None,
) -> Figure:
    """Metrics side by side, one colour a version; ``by_version`` holds ``Metrics.as_dict()``.

    Undefined metrics (None) have no bar. The title speaks of the first metric.
    """
    import plotly.graph_objects as go

    unknown = [metric for metric in metrics if metric not in METRICS]
    if unknown:
        raise ValueError(f"Unknown metrics: {', '.join(unknown)}; known: {', '.join(METRICS)}.")
    colour, figure = colours(by_version, highlight), go.Figure()
    for version, values in by_version.items():
        known = {m: float(v) for m in metrics if (v := values.get(m)) is not None}
        if not known:
            continue
        figure.add_bar(
            x=[METRICS[metric].title for metric in known],
            y=list(known.values()),
            name=version,
            marker={"color": colour[version]},
            text=[digits(value) for value in known.values()],
            textposition="outside",
            cliponaxis=False,
            hovertemplate="%{x} %{y}",
        )
    if not figure.data:
        return empty_figure("Metrics", NO_ROWS)
    title = _leader(
        {version: values.get(metrics[0]) for version, values in by_version.items()}, metrics[0]
    )
    return figure.update_layout(
        layout(
            title,
            barmode="group",
            xaxis={"title": {"text": "Metric"}, "type": "category"},
            yaxis={"title": {"text": "Value"}, "hoverformat": ".4f"},
        )
    )


def _leader(values: Mapping[str, float | None], metric: str) -> str:
    info = METRICS[metric]
    known = {version: value for version, value in values.items() if value is not None}
    if not known:
        return f"{info.title} is undefined on these rows"
    best = max(known, key=lambda version: info.gain(known[version]))
    if len(known) == 1:
        return f"{best}: {info.word} {digits(known[best])}"
    return f"{best} has the best {info.word} of {len(known)}: {digits(known[best])}"
