"""The timeline drawn: what lies beyond chance, bands and labels, an empty state."""

from dataclasses import replace

import pytest

from core import palette
from core.monitoring.estimate import Interval
from core.monitoring.figure_timeline import MOST_WINDOWS, drift_timeline, performance_timeline
from core.monitoring.timeline_value import WindowResult

QUIET = WindowResult(
    key="|0",
    label="rows 1 to 500",
    first="2024-05-01T10:00:00+00:00",
    last="2024-05-01T11:00:00+00:00",
    rows=500,
    forming=False,
    level="ok",
    worst="zone",
    worst_psi=0.01,
    threshold=0.04,
    drift=0.25,
    psi={"zone": 0.01},
    estimated={"roc_auc": Interval(0.7, 0.65, 0.75)},
    refused="",
    realised={},
    labelled_rows=0,
)
LOUD = replace(
    QUIET,
    label="rows 501 to 1,000",
    level="alarm",
    worst="distance",
    drift=20.0,
    forming=True,
    estimated={},
    refused="too far",
    realised={"roc_auc": Interval(0.55, 0.5, 0.6)},
    labelled_rows=200,
)
EMPTY = replace(
    QUIET, level="unknown", worst="", worst_psi=None, threshold=None, drift=None, estimated={}
)


def test_drift_is_drawn_against_what_chance_gives():
    figure = drift_timeline([QUIET, LOUD])
    [line] = figure.data
    assert list(line.y) == [0.25, 20.0]
    assert list(line.marker.color) == [palette.OK, palette.ALARM]
    assert line.marker.symbol[1] == "circle-open"
    assert figure.layout.shapes[0].y0 == 1
    assert figure.layout.title.text == "1 of 2 windows drifts, mostly by distance"
    assert "(log scale)" in figure.layout.yaxis.title.text


def test_the_axis_reads_in_whole_decades_and_the_limit_is_named_on_its_line():
    figure = drift_timeline([QUIET, replace(LOUD, drift=930.0)])
    axis = figure.layout.yaxis
    assert list(axis.ticktext) == ["0.1", "1", "10", "100", "1,000"]
    assert axis.range[0] < -1 and axis.range[1] > 3
    (name,) = figure.layout.annotations
    assert (name.text, name.y) == ("most that chance gives", 0), "10 to the power of 0 is 1"


@pytest.mark.parametrize(
    ("windows", "words"),
    [
        ([], "No window has enough rows"),
        ([EMPTY], "No window has enough rows"),
        ([QUIET, EMPTY], "The one window with enough rows drifts no more than chance"),
        ([LOUD], "The one window drifts, mostly by distance"),
        ([QUIET, QUIET], "None of 2 windows drifts"),
        ([LOUD, LOUD], "2 of 2 windows drift, mostly by distance"),
    ],
)
def test_the_title_is_the_finding(windows, words):
    assert drift_timeline(windows).layout.title.text.startswith(words)


def test_the_estimate_is_a_band_and_labels_are_bars():
    figure = performance_timeline([QUIET, LOUD], "roc_auc", 0.8)
    upper, lower, line, bars = figure.data
    assert (upper.y[0], lower.y[0], line.y[0]) == (0.75, 0.65, 0.7)
    assert (upper.y[1], line.y[1]) == (None, None)
    assert lower.fill == "tonexty"
    assert list(bars.y) == [0.55]
    assert bars.error_y.array[0] == pytest.approx(0.05)
    assert figure.layout.shapes[0].y0 == 0.8
    title = "ROC AUC: 0.550 in the latest window with labels, 0.800 on the holdout"
    assert figure.layout.title.text == title


def test_no_estimate_and_no_labels_is_no_chart():
    assert performance_timeline([EMPTY], "roc_auc", 0.8) is None
    assert performance_timeline([QUIET], "kappa", 0.8) is None


def test_the_latest_windows_are_drawn_of_many():
    many = [replace(QUIET, label=f"w{place}") for place in range(MOST_WINDOWS + 50)]
    figure = drift_timeline(many)
    assert len(figure.data[0].x) == MOST_WINDOWS
    assert figure.data[0].x[-1] == many[-1].label


def test_few_windows_are_named_in_short():
    names = ["rows 2,501 to 5,000", "form, 2026-01-05", "batch of 2026-01-05 09:33:10 (6a12…da62)"]
    windows = [replace(QUIET, label=name, first="2026-01-05T09:33:10+00:00") for name in names]
    axis = drift_timeline(windows).layout.xaxis
    assert list(axis.ticktext) == ["2,501–5,000", "form, 2026-01-05", "5 Jan 09:33"]
