"""Charts of counts and sizes: confusion, importances, probabilities, metrics side by side."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from core.evaluation.figure_curves import NO_ROWS
from core.evaluation.figure_parts import CLASS_NAMES, colours, digits, empty_figure
from core.evaluation.importance import Importance
from core.evaluation.metrics import METRICS, Metrics, check_threshold
from core.evaluation.tally import check_probability
from core.palette import ACCENT, CHAMPION, MUTED, NEGATIVE, POSITIVE, layout

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

_FALL = "Fall in ROC AUC when shuffled"
_BINS = 50
NOTHING = "nothing"


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
            f"{cells[row, column]:,}<br>{share[row, column]:.1%} of {class_names[row]}"
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
            f"{right:.1%} of {total:,} decisions right: {cells[0, 1]:,} false alarms, "
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
            hovertemplate="without %{y}: ROC AUC falls by %{x:.4f}<extra></extra>",
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
            hovertemplate="without %{y}: ROC AUC falls by %{x:.4f}",
        )
    leaders = {name: _leading_feature(found.values()) for name, found in drawn.items()}
    if len(set(leaders.values())) == 1 and NOTHING not in leaders.values():
        title = (
            f"{features[0]} matters most to {'all models' if len(drawn) > 1 else next(iter(drawn))}"
        )
    else:
        title = "What matters most: " + ", ".join(f"{f} to {name}" for name, f in leaders.items())
    order = {"categoryorder": "array", "categoryarray": features}
    figure.update_layout(_importance_layout(title, len(features) * len(drawn)))
    return figure.update_yaxes(order)


def _leading_feature(found: Iterable[Importance]) -> str:
    """The feature that costs most to lose; "nothing" where a model does not look at its inputs."""
    best = max(found, key=lambda importance: importance.mean)
    return best.feature if best.mean > 0 else NOTHING


def _spread(deviations: list[float]) -> dict[str, object]:
    """Error bars that show on light and dark paper and on any bar."""
    return {"type": "data", "array": deviations, "color": MUTED, "thickness": 1.5}


def _importance_layout(title: str, bars: int) -> dict[str, object]:
    return layout(
        title,
        height=max(260, 130 + 22 * bars),
        xaxis={"title": {"text": _FALL}},
        # A feature called "2" is a name, not a number.
        yaxis={"title": {"text": "Feature"}, "type": "category", "autorange": "reversed"},
    )


def probability_histogram(
    probability: np.ndarray,
    threshold: float = 0.5,
    label: np.ndarray | None = None,
    class_names: tuple[str, str] = ("label 0", "label 1"),
) -> Figure:
    """Rows by predicted probability in 50 bins, with the threshold; counted here, not drawn raw.

    ``probability``: (n,); ``label``, if given: (n,) outcomes 0 or 1, nan where unknown, which
    splits the bars by what happened, named after ``class_names``: of class 0, of class 1.
    Raises ValueError where lengths differ or values are not probabilities.
    """
    import plotly.graph_objects as go

    values, threshold = check_probability(probability), check_threshold(threshold)
    if not len(values):
        return empty_figure("Predicted probabilities", "No scored rows")
    edges = np.linspace(0, 1, _BINS + 1)
    figure = go.Figure()
    for name, colour, part in _by_outcome(values, label, class_names):
        count, _ = np.histogram(part, bins=edges)
        figure.add_bar(
            x=(edges[:-1] + edges[1:]) / 2,
            y=count,
            width=1 / _BINS,
            name=name,
            marker={"color": colour},
            hovertemplate="around %{x:.2f}: %{y:,} rows",
        )
    figure.add_vline(
        x=threshold,
        line={"color": CHAMPION, "dash": "dash"},
        annotation_text=f"threshold {threshold:g}",
        annotation_position="top",
        annotation_yshift=4,
    )
    above = float((values > threshold).mean())
    rows = "row is" if len(values) == 1 else "rows are"
    return figure.update_layout(
        layout(
            f"{above:.1%} of {len(values):,} {rows} above the threshold of {threshold:g}",
            barmode="stack",
            bargap=0,
            showlegend=label is not None,
            xaxis={"title": {"text": "Predicted probability"}, "range": [0, 1]},
            yaxis={"title": {"text": "Rows"}},
        )
    )


def _by_outcome(
    values: np.ndarray, label: np.ndarray | None, class_names: tuple[str, str]
) -> list[tuple[str, str, np.ndarray]]:
    """(name, colour, probabilities) of each outcome that occurs."""
    if label is None:
        return [("scored", ACCENT, values)]
    outcome = np.asarray(label, dtype=np.float64)
    if outcome.shape != values.shape:
        raise ValueError(
            "Labels and probabilities must belong to the same rows; "
            f"found {len(outcome):,} labels and {len(values):,} probabilities."
        )
    parts = [
        (class_names[1], POSITIVE, values[outcome == 1]),
        (class_names[0], NEGATIVE, values[outcome == 0]),
        ("no label yet", MUTED, values[np.isnan(outcome)]),
    ]
    if sum(len(part) for *_, part in parts) != len(values):
        raise ValueError("Labels must be 0, 1 or missing; found other values.")
    return [part for part in parts if len(part[2])]


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
            hovertemplate="%{x} %{y:.4f}",
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
            yaxis={"title": {"text": "Value"}},
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
