"""A form for one row, made from the specification and the champion's training data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core.dataset.spec import Column, ProjectSpec
from core.monitoring.features import CategoryFeature, FeatureProfile, NumericFeature
from core.monitoring.position import percentile_words
from core.monitoring.profile import ReferenceProfile
from core.monitoring.words import number, percent, with_unit

if TYPE_CHECKING:
    from plotly.graph_objects import Figure


@dataclass(frozen=True)
class Field:
    """One input of the form. ``step`` is None unless numeric; ``choices`` only of categories."""

    name: str
    title: str
    kind: str
    unit: str
    default: Any
    help: str
    step: float | int | None = None
    choices: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """The title with its unit, beginning with a capital."""
        titled = self.title[:1].upper() + self.title[1:]
        return f"{titled} ({self.unit})" if self.unit else titled


def fields(spec: ProjectSpec, profile: ReferenceProfile) -> list[Field]:
    """One field per raw column, in the project's order, filled with what training has most."""
    return [_field(column, profile.features.get(column.name)) for column in spec.columns]


def position_words(feature: FeatureProfile, value: Any) -> str:
    """Where a row's value lies in training: "above 97 % of training", "new to the model" …"""
    if isinstance(feature, NumericFeature):
        return percentile_words(feature, _number(value))
    if value is None:
        return "left empty"
    share = _share(feature, value)
    if share:
        return f"as {percent(share)} of training"
    return "training never had it" if feature.complete else "rare or new in training"


def position_figure(feature: FeatureProfile, value: Any, title: str) -> Figure:
    """Training's distribution, small, with the row's value marked; the title says where it is."""
    from core.monitoring.figures import distribution_figure, row_against_training

    words = position_words(feature, value)
    if isinstance(feature, NumericFeature):
        figure = row_against_training(feature, _number(value))
        shown = with_unit(number(_number(value), feature.std), feature.unit)
    else:
        figure = distribution_figure(feature, [value], title)
        figure.data[1].name = "this row"
        figure.update_traces(text=None)
        figure.update_layout(height=180, showlegend=False)
        shown = _category(value, feature.kind)
    figure.update_annotations(y=1, yanchor="bottom", xanchor="center")
    return figure.update_layout(
        title={"text": f"{title} {shown}: {words}", "font": {"size": 13}},
        margin={"t": 34, "b": 36, "l": 48, "r": 12},
        height=190,
        xaxis={"title": {"text": feature.unit or ""}},
        yaxis={"title": {"text": "share of training", "font": {"size": 11}}, "nticks": 4},
    )


def court_figure(spec: ProjectSpec, profile: ReferenceProfile, values: Mapping[str, Any]) -> Any:
    """The row on the court among training's shots; None where the project has no court."""
    if spec.court is None:
        return None
    import pandas as pd
    import plotly.graph_objects as go

    from core.dataset.figures import court_positions, draw_court
    from core.palette import ACCENT, REFERENCE, layout

    names = [name for name in spec.raw_columns if spec.kinds[name] == "numeric"]
    sample = profile.sample_frame().reindex(columns=names).astype(float).head(2000)
    x, y = court_positions(sample, spec.court)
    row = pd.DataFrame([{name: _number(values.get(name)) for name in names}])
    row_x, row_y = court_positions(row, spec.court)
    figure = go.Figure(
        [
            go.Scatter(
                x=x,
                y=y,
                mode="markers",
                name="training",
                marker={"color": REFERENCE, "size": 4, "opacity": 0.35},
                hoverinfo="skip",
            ),
            go.Scatter(
                x=row_x,
                y=row_y,
                mode="markers",
                name="this row",
                marker={"color": ACCENT, "size": 15, "line": {"color": "white", "width": 2}},
                hovertemplate="%{x:.1f} ft across, %{y:.1f} ft out<extra>this row</extra>",
            ),
        ]
    )
    draw_court(figure)
    distance = float((row_x[0] ** 2 + row_y[0] ** 2) ** 0.5)
    axis = {"showgrid": False, "title": {"text": "ft across"}}
    return figure.update_layout(
        layout(
            f"This row, {distance:.0f} ft from the basket, among training's shots",
            height=400,
            xaxis={**axis, "range": [-27, 27], "constrain": "domain"},
            yaxis={
                **axis,
                "title": {"text": "ft from the basket"},
                "range": [-7, max(42.0, float(row_y[0]) + 3)],
                "scaleanchor": "x",
            },
            # under the chart: beside the title there is no room for it
            legend={"y": -0.16, "yanchor": "top", "x": 0, "xanchor": "left"},
        )
    )


def _field(column: Column, feature: FeatureProfile | None) -> Field:
    about = (column.name, column.title, column.kind, column.unit)
    if isinstance(feature, NumericFeature) and feature.quantiles:
        return _numeric_field(about, feature)
    if isinstance(feature, CategoryFeature) and feature.categories:
        return _category_field(about, feature)
    empty: dict[str, Any] = {"numeric": 0.0, "boolean": False, "categorical": None}
    return Field(*about, empty[column.kind], "Training has no value of it.", _step(column.kind))


def _numeric_field(about: tuple[str, str, str, str], feature: NumericFeature) -> Field:
    whole = all(value.is_integer() for value in feature.values)
    low, middle, high = (
        with_unit(number(value, feature.std), feature.unit)
        for value in (feature.minimum, feature.quantile(0.5), feature.maximum)
    )
    median = feature.quantile(0.5) or 0.0
    return Field(
        *about,
        int(median) if whole else median,
        f"Training has {low} to {high}, with a median of {middle}.",
        1 if whole else _fine_step(feature.std),
    )


def _category_field(about: tuple[str, str, str, str], feature: CategoryFeature) -> Field:
    most = feature.categories[0]
    share = percent(feature.counts[0] / max(sum(feature.counts[:-1]), 1))
    words = f"Most often {most!r} in training ({share})."
    if feature.kind == "boolean":
        return Field(*about, most == "yes", words)
    return Field(*about, most, words, choices=tuple(feature.categories))


def _step(kind: str) -> float | None:
    return 1.0 if kind == "numeric" else None


def _fine_step(std: float | None) -> float:
    """A power of ten about a tenth of the spread."""
    import math

    return 10.0 ** math.floor(math.log10(std)) / 10 if std else 1.0


def _number(value: Any) -> float:
    return float("nan") if value is None else float(value)


def _share(feature: CategoryFeature, value: Any) -> float:
    import pandas as pd

    place = int(feature.count(pd.Series([value], dtype=object)).argmax())
    known = sum(feature.counts[:-1])
    return feature.counts[place] / known if known and place < len(feature.categories) else 0.0


def _category(value: Any, kind: str) -> str:
    if value is None:
        return ""
    return ("yes" if value else "no") if kind == "boolean" else str(value)
