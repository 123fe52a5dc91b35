"""Charts as pictures: what the page shows stands in the PNG too."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from core.evaluation import figures
from core.evaluation.curves import calibration_points, pr_points, roc_points
from core.evaluation.importance import Importance
from core.evaluation.metrics import binary_metrics
from core.evaluation.png import plain, png_of
from core.evaluation.png_axes import scale_of
from core.evaluation.png_colours import colour_of, dark_on

RNG = np.random.default_rng(0)
Y = RNG.integers(0, 2, 500)
P = np.clip(0.3 * Y + 0.7 * RNG.random(500), 0, 1)
NAME = "Logistic Regression"
CHARTS: dict[str, Callable[[], Any]] = {
    "roc": lambda: figures.roc_figure({NAME: roc_points(Y, P)}, NAME),
    "precision_recall": lambda: figures.pr_figure({NAME: pr_points(Y, P)}, NAME),
    "calibration": lambda: figures.calibration_figure({NAME: calibration_points(Y, P)}, NAME),
    "confusion": lambda: figures.confusion_figure(binary_metrics(Y, P), ("missed", "made")),
    "importance": lambda: figures.importance_figure(
        [Importance("dist$ance", 0.2, 0.01), Importance("2", 0.1, 0.01)]
    ),
    "histogram": lambda: figures.probability_histogram(P, 0.5, Y.astype(float)),
    "metrics": lambda: figures.metric_bars({"a": binary_metrics(Y, P).as_dict()}),
    "nothing": lambda: figures.empty_figure("ROC curve", "No labelled rows"),
}


def pixels(png: bytes) -> np.ndarray:
    from PIL import Image

    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))


def has(picture: np.ndarray, colour: str) -> bool:
    wanted = [int(colour[place : place + 2], 16) for place in (1, 3, 5)]
    return bool((np.abs(picture.astype(int) - wanted).max(axis=2) < 8).sum() > 50)


@pytest.mark.parametrize("name", CHARTS)
def test_every_chart_of_a_training_has_a_picture(name: str) -> None:
    figure = CHARTS[name]()
    picture = pixels(png_of(figure))
    assert picture.shape[1] > 900
    assert picture[0, 0].tolist() == [255, 255, 255]
    assert (picture < 128).any(), "something is written on it"
    for trace in figure.data:
        colour = trace.line.color if trace.type == "scatter" else None
        colour = trace.marker.color if trace.type == "bar" else colour
        assert colour is None or has(picture, colour), f"{name} shows {trace.name}"


def test_two_that_differ_look_different() -> None:
    one = figures.confusion_figure([[10, 20], [30, 40]])
    other = figures.confusion_figure([[40, 20], [30, 10]])
    assert png_of(one) == png_of(figures.confusion_figure([[10, 20], [30, 40]]))
    assert png_of(one) != png_of(other)


def test_what_other_libraries_set_for_the_process_does_not_show() -> None:
    figure = CHARTS["importance"]()
    before = png_of(figure)
    from matplotlib import rcParams

    kept = {name: rcParams[name] for name in ("font.size", "axes.facecolor", "axes.grid")}
    try:
        rcParams.update({"font.size": 30, "axes.facecolor": "black", "axes.grid": True})
        assert png_of(figure) == before
    finally:
        rcParams.update(kept)


@pytest.mark.parametrize("kind", ["pie", "rect", "fill"])
def test_what_cannot_be_drawn_is_refused(kind: str) -> None:
    import plotly.graph_objects as go

    figure = go.Figure(go.Pie(values=[1])) if kind == "pie" else go.Figure()
    if kind == "rect":
        figure.add_shape(type="rect", x0=0, x1=1, y0=0, y1=1)
    if kind == "fill":
        figure.add_scatter(x=[0, 1], y=[0, 1], fill="tozeroy")
    with pytest.raises(ValueError, match="No picture can be made"):
        png_of(figure)


def test_names_keep_their_order_and_numbers_stay_numbers() -> None:
    importance = CHARTS["importance"]()
    assert scale_of(importance, "y").names == ("dist$ance", "2")
    assert scale_of(importance, "x").names is None


def test_markup_and_colours_are_translated() -> None:
    assert plain("a<br><b>b</b> costs $5") == "a\nb costs \\$5"
    assert colour_of("rgba(255,0,51,0.5)") == (1.0, 0.0, 0.2, 0.5)
    assert colour_of(None, "#123456") == "#123456"
    assert dark_on((1, 1, 1)) == "#222222"
    assert dark_on((0.2, 0.1, 0.4)) == "white"
