import math
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import percentileofscore

from core import palette
from core.monitoring import binning, figures, words
from core.monitoring.drift import feature_drift
from core.monitoring.features import numeric_feature
from core.monitoring.position import percentile_of, percentile_words


def points(figure):
    return max(
        (len(trace[axis]) for trace in figure.data for axis in "xy" if trace[axis] is not None),
        default=0,
    )


def test_no_trace_grows_with_the_window(profile, population):
    window, _, _ = population(60_000, seed=3)
    for name, feature in profile.features.items():
        figure = figures.distribution_figure(feature, window[name], "A finding")
        assert points(figure) <= binning.MOST_BARS + 2
        assert figure.layout.title.text == "A finding"
    violin = figures.violin_figure(profile.features["distance"], window["distance"], "A finding")
    assert points(violin) == binning.MOST_POINTS


def test_shares_add_up_and_keep_their_colours(profile, population):
    window, _, _ = population(500, seed=3)
    for name, feature in profile.features.items():
        training, production = figures.distribution_figure(feature, window[name], "t").data
        assert sum(training.y) == pytest.approx(1)
        assert sum(production.y) == pytest.approx(1)
        assert (training.marker.color, production.marker.color) == (
            palette.REFERENCE,
            palette.ACCENT,
        )


def test_the_violin_keeps_the_distribution():
    values = np.random.default_rng(0).gamma(2, 3, 50_000)
    feature = numeric_feature("x", values)
    training, production = figures.violin_figure(feature, values, "t").data
    for trace in (training, production):
        assert np.quantile(trace.y, [0.1, 0.5, 0.9]) == pytest.approx(
            np.quantile(values, [0.1, 0.5, 0.9]), rel=0.01
        )


@pytest.mark.parametrize(
    "values", [[], [np.nan] * 9, [np.inf] * 9, [1e308, -1e308], [0.0, 5e-324], [7.0]]
)
def test_awkward_windows_are_drawn(profile, values):
    feature = profile.features["distance"]
    figures.distribution_figure(feature, values, "t").to_json()
    figures.violin_figure(feature, values, "t").to_json()
    figures.distribution_figure(profile.features["zone"], values, "t").to_json()
    figures.distribution_figure(numeric_feature("none", []), values, "t").to_json()


def test_whole_numbers_show_no_comb():
    """Every bar holds as many possible values, so that an even distribution looks even."""
    feature = numeric_feature("x", range(90))
    training, _ = figures.distribution_figure(feature, [3.0], "t").data
    assert training.y == pytest.approx([1 / 30] * 30)


def test_one_outlier_does_not_hide_the_rest(profile):
    feature = profile.features["distance"]
    figure = figures.distribution_figure(feature, [5.0] * 99 + [1e9], "t")
    training, production = figure.data
    assert sum(share > 0 for share in training.y) >= 4
    assert production.y[-1] == pytest.approx(0.01)
    assert figure.layout.xaxis.title.text.endswith("holds what lies further out")


def test_drift_bars_show_level_by_colour_and_word(profile, population):
    window, _, _ = population(500, seed=3)
    drift = feature_drift(profile, window.assign(distance=window["distance"] + 60))
    figure = figures.drift_bars(drift)
    bars, ticks = figure.data
    assert bars.y[-1] == "distance"
    assert bars.marker.color[-1] == palette.ALARM
    assert bars.text[-1].startswith("▲")
    assert bars.text[-1].endswith("alarm")
    assert figure.layout.title.text == "1 of 4 features in alarm"
    assert all(tick > 0 for tick in ticks.x)


@pytest.mark.parametrize(
    ("psi", "threshold", "others", "place"),
    [
        (0.0005, 0.028, 0.0, "beside the bar"),  # all is quiet: a tiny bar, far from its tick
        (0.010, 0.015, 0.028, "beyond the tick"),  # which would strike the words out
        (0.030, 0.028, 0.0, "beside the bar"),  # the same inside
        (0.020, 0.028, 0.0, "in the bar"),
        (13.0, 0.017, 0.0, "in the bar"),
        (0.004, 0.017, 13.0, "beyond the tick"),
    ],
)
def test_the_words_of_a_bar_can_be_read(profile, population, psi, threshold, others, place):
    one, other, *_ = feature_drift(profile, population(500, seed=3)[0])
    one = replace(one, psi=psi, threshold=threshold)
    bars, ticks = figures.drift_bars([one, replace(other, psi=others, threshold=0.001)]).data
    at = bars.y.index(one.name)
    [words] = [text for text in (bars.text[at], ticks.text[at]) if text]
    assert words.endswith(one.level)
    found = "beyond the tick" if ticks.text[at] else f"{bars.textposition[at]} the bar"
    assert found == place.replace("beside the", "outside the").replace("in the", "inside the")


def test_the_axis_of_a_drift_chart_has_room_for_words_beside_its_longest_mark(profile, population):
    [one, *_] = feature_drift(profile, population(500, seed=3)[0])
    start, end = figures.drift_bars([replace(one, psi=0.03, threshold=0.028)]).layout.xaxis.range
    assert start == 0 and end > 1.3 * 0.03
    assert figures.drift_bars([]).layout.xaxis.range[1] > 0


@pytest.mark.parametrize("value", [-1, 0, 1, 2, 3.5, 9])
def test_percentiles_agree_with_scipy(value):
    values = [0, 1, 1, 2, 2, 2, 9]
    expected = percentileofscore(values, value, kind="mean")
    assert percentile_of(numeric_feature("x", values), value) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (-1, "below every training value"),
        (1001, "beyond every training value"),
        (750, "above 75% of training"),
        (250, "below 75% of training"),
        (999, "among the highest 1% of training"),
        (1, "among the lowest 1% of training"),
        (math.nan, "cannot be placed"),
        (math.inf, "beyond every training value"),
    ],
)
def test_percentiles_in_words(value, said):
    assert percentile_words(numeric_feature("x", range(1001)), value) == said


@pytest.mark.parametrize(
    ("value", "spread", "text"),
    [
        (25.0, 7.6, "25"),
        (33.8353, 0.066, "33.835"),
        (-0.0001, 7.6, "0"),
        (12345.6, None, "12,346"),
        (0.012345, None, "0.0123"),
        (math.inf, 1.0, "inf"),
        (1e308, 1.0, "1e+308"),
        (None, None, "unknown"),
    ],
)
def test_numbers_in_words(value, spread, text):
    assert words.number(value, spread) == text


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0, "0%"),
        (0.0004, "< 0.1%"),
        (0.004, "0.4%"),
        (0.414, "41%"),
        (0.995, "99.5%"),
        (0.99999, "> 99.9%"),
        (1, "100%"),
    ],
)
def test_percentages_in_words(share, text):
    assert words.percent(share) == text


def test_importing_monitoring_loads_nothing_heavy():
    code = (
        "import sys, core.monitoring.figures, core.monitoring.policy, core.monitoring.windows;"
        "print([m for m in ('sklearn', 'scipy', 'plotly', 'mlflow', 'streamlit')"
        " if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd="."
    )
    assert done.stdout.strip() == "[]"
