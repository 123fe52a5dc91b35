"""Figures hold what they were given, say what they show, and say so when there is nothing."""

import math

import numpy as np
import pytest

from core.evaluation.curves import calibration_points, pr_points, roc_points
from core.evaluation.figures import (
    calibration_figure,
    confusion_figure,
    importance_comparison_figure,
    importance_figure,
    metric_bars,
    numbers_of,
    pr_figure,
    probability_histogram,
    roc_figure,
)
from core.evaluation.importance import Importance
from core.evaluation.metrics import binary_metrics
from core.palette import CHAMPION

Y = np.array([0, 1, 0, 1, 1, 0])
GOOD = np.array([0.1, 0.9, 0.3, 0.8, 0.4, 0.2])
POOR = np.array([0.5, 0.4, 0.6, 0.7, 0.2, 0.45])
ONE_CLASS = np.zeros(3, int), np.array([0.1, 0.2, 0.6])
NOBODY = np.array([], int), np.array([])


def trace(figure, name):
    (found,) = [t for t in figure.data if name in (t.legendgroup, t.name)]
    return found


def title(figure):
    return figure.layout.title.text


def said(figure):
    return [annotation.text for annotation in figure.layout.annotations]


def test_roc_holds_the_curves_and_the_champion_stands_out():
    curves = {"good": roc_points(Y, GOOD), "poor": roc_points(Y, POOR)}
    figure = roc_figure(curves, "good")
    for name, curve in curves.items():
        drawn = trace(figure, name)
        assert (drawn.x, drawn.y) == (curve.fpr, curve.tpr)
        assert tuple(drawn.customdata[:, 0]) == curve.threshold
    assert figure.data[-1].legendgroup == "good"  # drawn last, on top
    assert trace(figure, "good").line.color == CHAMPION
    assert trace(figure, "good").line.width > trace(figure, "poor").line.width
    assert trace(figure, "poor").line.color != CHAMPION
    assert (trace(figure, "chance").x, trace(figure, "chance").y) == ((0, 1), (0, 1))
    assert title(figure) == "good: ROC AUC 1.00, the best of 2"
    assert title(roc_figure(curves, "poor")).endswith("behind good with 1.00")
    assert "the best" not in title(roc_figure({"good": curves["good"]}))


def test_pr_holds_the_curve_and_the_base_rate():
    curve = pr_points(Y, POOR)
    figure = pr_figure({"poor": curve}, None)
    assert (trace(figure, "poor").x, trace(figure, "poor").y) == (curve.recall, curve.precision)
    assert trace(figure, "base rate 0.500").y == (0.5, 0.5)
    assert title(figure) == f"poor: average precision {curve.average_precision:.3f}"


def test_calibration_leaves_empty_bins_out():
    bins = calibration_points(Y, GOOD, bins=20)
    drawn = trace(calibration_figure({"v1": bins}, "v1"), "v1")
    assert len(drawn.x) == sum(count > 0 for count in bins.count)
    assert sum(drawn.customdata[:, 0]) == len(Y)
    assert list(drawn.y) == [seen for seen in bins.observed if not math.isnan(seen)]
    assert "percentage points" in title(calibration_figure({"v1": bins}))


def test_confusion_from_metrics_and_from_counts():
    metrics = binary_metrics(Y, POOR)
    figure = confusion_figure(metrics, ("missed", "made"))
    assert [list(row) for row in figure.data[0].z] == [[2, 1], [2, 1]]
    assert figure.data[0].text[1][0] == "2<br>66.7% of made"
    assert figure.data[0].y == ("actually missed", "actually made")
    assert title(figure) == "50.0% of 6 decisions right: 1 false alarms, 2 overlooked"
    assert confusion_figure([[2, 1], [2, 1]], ("missed", "made")) == figure
    with pytest.raises(ValueError, match="2 rows and 2 columns"):
        confusion_figure([[1, 2, 3]])


IMPORTANCES = [Importance("angle", 0.01, 0.002), Importance("2", 0.08, 0.004)]


def test_importances_are_sorted_with_their_spread():
    figure = importance_figure(IMPORTANCES)
    (bars,) = figure.data
    assert (bars.y, bars.x) == (("2", "angle"), (0.08, 0.01))
    assert bars.error_x.array == (0.004, 0.002)
    assert figure.layout.yaxis.type == "category"
    assert title(figure) == "2 matters most: shuffling it costs 0.0800 ROC AUC"
    assert title(importance_figure(IMPORTANCES, "Mine")) == "Mine"
    assert title(importance_figure([Importance("a", -0.001, 0)])).startswith("No feature matters")


def test_importances_of_several_models_side_by_side():
    other = [Importance("angle", 0.2, 0.01), Importance("era", 0.0, 0.0)]
    figure = importance_comparison_figure({"lr": IMPORTANCES, "dt": other}, "lr")
    assert figure.layout.yaxis.categoryarray == ("angle", "2", "era")
    assert (trace(figure, "lr").y, trace(figure, "lr").x) == (("angle", "2"), (0.01, 0.08))
    assert (trace(figure, "dt").y, trace(figure, "dt").x) == (("angle", "era"), (0.2, 0.0))
    assert trace(figure, "lr").marker.color == CHAMPION
    assert title(figure) == "What matters most: 2 to lr, angle to dt"
    same = importance_comparison_figure({"lr": IMPORTANCES, "dt": IMPORTANCES})
    assert title(same) == "2 matters most to all models"


def test_histogram_is_binned_before_it_is_drawn():
    values = np.random.default_rng(0).random(100_000)
    values[:3] = 0.0, 1.0, 0.5
    figure = probability_histogram(values, 0.3)
    (bars,) = figure.data
    assert len(bars.x) == len(bars.y) == 50
    assert list(bars.y) == np.histogram(values, 50, (0, 1))[0].tolist()
    assert sum(bars.y) == 100_000
    (mark,) = figure.layout.shapes
    assert mark.x0 == mark.x1 == 0.3
    assert title(figure).startswith(f"{100 * (values > 0.3).mean():.1f}% of 100,000 rows are above")


def test_histogram_split_by_outcome():
    values, label = np.array([0.1, 0.1, 0.9, 0.7]), np.array([0, 1, 1, np.nan])
    figure = probability_histogram(values, 0.5, label)
    totals = {t.name: sum(t.y) for t in figure.data}
    assert totals == {"label 1": 2, "label 0": 1, "no label yet": 1}
    assert figure.layout.barmode == "stack"
    with pytest.raises(ValueError, match="1 labels and 4"):
        probability_histogram(values, 0.5, label[:1])
    with pytest.raises(ValueError, match="0, 1 or missing"):
        probability_histogram(values, 0.5, label + 5)
    with pytest.raises(ValueError, match="0 to 1"):
        probability_histogram(values + 5, 0.5)


def test_metric_bars_skip_what_is_undefined():
    one_class = binary_metrics(*ONE_CLASS).as_dict()
    figure = metric_bars(
        {"1": binary_metrics(Y, GOOD).as_dict(), "2": one_class}, ["roc_auc", "accuracy"], "1"
    )
    assert trace(figure, "1").x == ("ROC AUC", "Accuracy")
    assert trace(figure, "1").y == (1.0, 5 / 6)
    assert trace(figure, "2").x == ("Accuracy",)
    assert trace(figure, "1").marker.color == CHAMPION
    assert title(figure) == "1: ROC AUC 1.00"
    with pytest.raises(ValueError, match="Unknown metrics: auc"):
        metric_bars({"1": one_class}, ["auc"])


def test_metric_bars_name_the_leader_in_the_metrics_direction():
    found = {"a": {"log_loss": 0.69, "f1": 0.5}, "b": {"log_loss": 0.65, "f1": 0.4}}
    assert title(metric_bars(found, ["log_loss"])) == "b has the best log loss of 2: 0.650"
    assert title(metric_bars(found, ["f1"])) == "a has the best F1 of 2: 0.500"


@pytest.mark.parametrize(
    ("figure", "message"),
    [
        (roc_figure({}), "No labelled rows"),
        (roc_figure({"v1": roc_points(*ONE_CLASS)}), "Labelled rows of both classes are needed"),
        (pr_figure({"v1": pr_points(*NOBODY)}), "No labelled rows"),
        (pr_figure({"v1": pr_points(*ONE_CLASS)}), "No positives among the labelled rows"),
        (calibration_figure({"v1": calibration_points(*NOBODY)}), "No labelled rows"),
        (confusion_figure(binary_metrics(*NOBODY)), "No labelled rows"),
        (importance_figure([]), "No labelled rows"),
        (importance_comparison_figure({"lr": []}), "No labelled rows"),
        (probability_histogram(np.array([])), "No scored rows"),
        (metric_bars({"v1": binary_metrics(*NOBODY).as_dict()}), "No labelled rows"),
    ],
)
def test_nothing_to_draw_is_said(figure, message):
    assert said(figure) == [message]
    assert title(figure)
    assert not figure.data
    assert numbers_of(figure).empty


def test_one_class_still_draws_what_is_defined():
    assert sum(confusion_figure(binary_metrics(*ONE_CLASS)).data[0].z[0]) == 3
    assert calibration_figure({"v1": calibration_points(*ONE_CLASS)}).data


DRAWN = {
    "roc": roc_figure({"a": roc_points(Y, GOOD)}, "a"),
    "pr": pr_figure({"a": pr_points(Y, GOOD)}, "absent"),
    "calibration": calibration_figure({"a": calibration_points(Y, GOOD)}),
    "confusion": confusion_figure(binary_metrics(Y, GOOD)),
    "importance": importance_figure(IMPORTANCES),
    "comparison": importance_comparison_figure({"a": IMPORTANCES}),
    "histogram": probability_histogram(GOOD, 0.5, Y),
    "metrics": metric_bars({"a": binary_metrics(Y, GOOD).as_dict()}),
}


@pytest.mark.parametrize("name", DRAWN)
def test_every_chart_has_titles_and_goes_to_json(name):
    figure = DRAWN[name]
    assert title(figure)
    assert figure.layout.xaxis.title.text
    assert figure.layout.yaxis.title.text
    assert len(figure.to_json()) < 20_000
    assert not numbers_of(figure).empty


def test_numbers_of_curves():
    curve = roc_points(Y, GOOD)
    table = numbers_of(DRAWN["roc"])
    assert list(table.columns) == [
        "series",
        "False positive rate (share of negatives)",
        "True positive rate (share of positives)",
        "Threshold",
    ]
    assert tuple(table["Threshold"]) == curve.threshold
    assert set(table["series"]) == {"a"}


def test_numbers_of_bars_and_cells():
    bars = numbers_of(DRAWN["importance"])
    assert bars.to_dict("records")[0] == {
        "Fall in ROC AUC when shuffled": 0.08,
        "Feature": "2",
        "±": 0.004,
    }
    cells = numbers_of(DRAWN["confusion"])
    assert cells["value"].tolist() == [3, 0, 1, 2]
    histogram = numbers_of(DRAWN["histogram"])
    assert histogram.groupby("series")["Rows"].sum().to_dict() == {"label 0": 3, "label 1": 3}
