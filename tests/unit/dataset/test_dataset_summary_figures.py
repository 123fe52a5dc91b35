"""What a raw file holds, counted and drawn."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from core.dataset import figures
from core.dataset import spec as specs
from core.dataset.spec import Court, ProjectSpec
from core.dataset.summary import summarise
from core.dataset.validate import coerce


def test_summary_counts(spec: ProjectSpec) -> None:
    frame = pd.DataFrame(
        {
            "age": [30.0, np.nan, 30.0, 30.0],
            "city": ["Wien", None, "Linz", "Wien"],
            "left": [1, 0, np.nan, 1],
            "tags": [[1], [2], [1], [1]],
        }
    )
    summary = summarise(frame, spec, frame["left"].to_numpy())
    assert (summary.rows, summary.duplicates, summary.labelled, summary.positives) == (4, 1, 3, 2)
    assert summary.positive_rate == pytest.approx(2 / 3)
    age, city, left, tags = summary.columns
    assert (age.role, age.kind, age.missing, age.distinct, age.example) == (
        "input",
        "numeric",
        1,
        1,
        "30.0",
    )
    assert (city.kind, city.missing, city.distinct) == ("categorical", 1, 2)
    assert left.role == "target"
    assert (tags.role, tags.kind, tags.distinct) == ("", "", 2)


def test_summary_without_labels(spec: ProjectSpec, frame: pd.DataFrame) -> None:
    summary = summarise(frame, spec, np.full(len(frame), np.nan))
    assert summary.positive_rate is None


def test_distributions_are_shares_of_their_class(spec: ProjectSpec, frame: pd.DataFrame) -> None:
    labels = frame["left"].to_numpy(dtype=float)
    values = coerce(frame, spec, "x").values
    for column in spec.columns:
        figure = figures.distribution_figure(values, labels, column, spec)
        for bars in figure.data:
            assert sum(bars.y) == pytest.approx(1.0)
        assert {bars.name for bars in figure.data} == {"left", "stayed"}
        assert figure.layout.title.text.startswith(column.title.capitalize())


def test_numeric_distribution_states_its_finding(spec: ProjectSpec) -> None:
    values = pd.DataFrame({"age": [20.0, 21.0, 60.0, 61.0, np.nan]})
    labels = np.array([1.0, 1.0, 0.0, 0.0, 1.0])
    figure = figures.distribution_figure(values, labels, spec.column("age"), spec)
    title = figure.layout.title.text
    assert title == "Age: median 20.5 years when left, 60.5 years when stayed"


@pytest.mark.parametrize(
    ("ages", "labels"),
    [
        ([np.nan, np.nan], [1.0, 0.0]),
        ([5.0, 5.0], [1.0, 0.0]),
        ([5.0, 6.0], [np.nan, np.nan]),
        ([5.0, 6.0], [1.0, 1.0]),
        ([1e-9, 1e12], [1.0, 0.0]),
    ],
)
def test_distributions_of_poor_columns(
    spec: ProjectSpec, ages: list[float], labels: list[float]
) -> None:
    values = pd.DataFrame({"age": ages})
    figure = figures.distribution_figure(values, np.array(labels), spec.column("age"), spec)
    assert all(np.isfinite(bars.y).all() for bars in figure.data)


def test_balance_shows_all_rows(spec: ProjectSpec) -> None:
    figure = figures.class_balance_figure(30, 100, 120, spec)
    assert [bars.x[0] for bars in figure.data] == [30, 70, 20]
    assert figure.layout.title.text == "30.0% of the labelled rows: left"
    assert figures.class_balance_figure(0, 0, 5, spec).data[2].x[0] == 5


def test_court_positions_are_in_feet() -> None:
    court = Court("(lon + 118.2698) * 100", "(34.0443 - lat) * 100")
    values = pd.DataFrame({"lat": [34.0443, 34.0343], "lon": [-118.2698, -118.0198]})
    x, y = figures.court_positions(values, court)
    np.testing.assert_allclose(x, [0.0, 25.0], atol=1e-6)
    np.testing.assert_allclose(y, [0.0, 1.0], atol=1e-6)


def test_court_shows_a_sample_of_the_shots_that_lie_on_it() -> None:
    spec = specs.from_text("target: {column: y, positive: 1}\ncolumns: {a: numeric}", "p")
    rng = np.random.default_rng(0)
    rows = figures.MAX_POINTS + 500
    x, y = rng.uniform(-20, 20, rows), rng.uniform(0, 30, rows)
    labels = rng.choice([0.0, 1.0, np.nan], rows)
    x[0], y[1] = np.nan, 60.0
    figure = figures.court_figure(x, y, labels, spec)
    assert sum(len(series.x) for series in figure.data) == figures.MAX_POINTS
    few = figures.court_figure(x[:5], y[:5], np.array([1, 1, 0, 0, np.nan]), spec)
    assert sum(len(series.x) for series in few.data) == 3
