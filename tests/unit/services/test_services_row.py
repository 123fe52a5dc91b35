"""One row: its form, its answer, its passport; what is logged and what never is."""

import numpy as np
import pytest

from core.errors import SchemaError
from core.monitoring.features import numeric_feature
from core.scoring.log import open_log
from core.services import (
    inference_log,
    row_court,
    row_form,
    row_passport,
    row_scoring,
    row_what_if,
    scoring,
)
from core.tracking import registry

VALUES = {"distance": 4.0, "home": True, "zone": "left"}


@pytest.fixture
def training(hoops):
    return row_passport.training_of(hoops.spec, scoring.profile(hoops.settings, hoops.versions[0]))


def shown(training, values):
    fields = row_form.fields(training.spec, training.profile)
    return {field.name: field.shown(values[field.name]) for field in fields}


def test_a_row_is_logged_once_and_exploring_logs_nothing(hoops):
    explored = row_scoring.explore_row(hoops.settings, "hoops", VALUES)
    assert hoops.logged() == 0
    result = row_scoring.score_row(hoops.settings, "hoops", VALUES)
    assert result.probability == explored
    assert result.probability + result.probability_negative == 1
    assert (result.prediction, hoops.logged()) == (1, 1)
    last = inference_log.recent_rows(hoops.settings, "hoops").iloc[0]
    assert (last["prediction_id"], last["source"]) == (result.prediction_id, "form")


def test_a_version_that_is_known_is_not_looked_up_again(hoops, monkeypatch):
    def fail(*_):
        raise AssertionError("asked the registry")

    version = hoops.versions[0]
    monkeypatch.setattr(registry, "find", fail)
    result = row_scoring.score_row(hoops.settings, "hoops", VALUES, version, spec=hoops.spec)
    assert result.version == version.version


def test_a_row_through_rest_is_marked_so(hoops):
    result = row_scoring.score_row(
        hoops.settings, "hoops", VALUES, through=lambda frame: np.array([0.5])
    )
    assert (result.probability, result.prediction) == (0.5, 0)  # at the threshold: negative
    assert inference_log.recent_rows(hoops.settings, "hoops").iloc[0]["source"] == "rest"


@pytest.mark.parametrize("through", [None, lambda frame: np.array([0.5])])
def test_a_row_with_a_gap_is_refused_whichever_way_it_goes(hoops, through):
    with pytest.raises(SchemaError, match="distance: missing"):
        row_scoring.score_row(
            hoops.settings, "hoops", {"home": True, "zone": "left"}, through=through
        )
    assert hoops.logged() == 0


def test_the_passport_and_every_what_if_log_nothing(hoops, training):
    version = hoops.versions[0]
    found = row_passport.explanation(hoops.settings, training, version, VALUES)
    row_passport.explanation_figure(training, found, {"distance": "Distance"})
    row_passport.nearest(training, VALUES)
    for column in VALUES:
        row_what_if.curve(hoops.settings, hoops.spec, training.profile, version, VALUES, column)
    assert open_log(hoops.settings, hoops.spec).rows() == 0


def test_the_form_is_filled_from_training(hoops, training):
    distance, home, zone = row_form.fields(hoops.spec, training.profile)
    assert distance.default == training.profile.features["distance"].quantile(0.5)
    assert (distance.label, distance.step) == ("Shot distance (ft)", pytest.approx(0.1))
    assert (distance.format, distance.needed) == ("%.1f", True)
    assert distance.help.startswith("Training has ")
    assert isinstance(home.default, bool)
    assert zone.default in zone.choices
    assert set(zone.choices) == {"left", "middle", "right"}
    said = [distance.shown(23.0), distance.shown(None), home.shown(True), zone.shown("left")]
    assert said == ["23 ft", "left empty", "yes", "left"]


def test_a_row_is_placed_in_words(training):
    features = training.profile.features
    assert row_passport.position_words(features["distance"], 500) == "beyond every training value"
    assert row_passport.position_words(features["distance"], None) == "cannot be placed"
    assert row_passport.position_words(features["zone"], "moon") == "training never had it"
    assert row_passport.position_words(features["zone"], "left").startswith("as 3")
    assert row_passport.position_words(features["zone"], None) == "left empty"


def test_what_training_never_had_is_said_and_stands_outside(training):
    values = {"distance": 500.0, "home": True, "zone": "moon"}
    places = row_passport.places(training, values, shown(training, values))
    assert [place.strange for place in places] == [True, False, True]
    said = row_passport.warnings(training, places)
    assert said[0].startswith("Shot distance 500 ft lies above everything in training (")
    assert said[1] == "Zone “moon” never occurs in training."
    figure = row_passport.places_figure(places)
    assert list(figure.data[0].x) == [104]
    usual = row_passport.places(training, VALUES, shown(training, VALUES))
    assert row_passport.warnings(training, usual) == []
    assert 0 < usual[0].percentile < 50


def test_the_nearest_rows_come_with_their_outcomes(training):
    near = row_passport.nearest(training, VALUES)
    assert len(near.rows) == len(near.outcome) == near.known == row_passport.NEIGHBOURS
    assert near.positive > near.known / 2  # near the basket
    assert (near.rows["zone"] == "left").all()
    assert "Training knows rows like this one" in row_passport.nearness_words(near)
    far = row_passport.nearest(training, {**VALUES, "distance": 500.0})
    assert "hardly anything like this row" in row_passport.nearness_words(far)


def test_the_explanation_adds_up_to_the_answer(hoops, training):
    found = row_passport.explanation(hoops.settings, training, hoops.versions[0], VALUES)
    result = row_scoring.score_row(hoops.settings, "hoops", VALUES)
    assert found.total == pytest.approx(result.probability, abs=1e-9)
    assert found.ranked[0].feature == "distance"
    assert f"= {100 * result.probability:.1f}%" in row_passport.sum_words(found)
    assert "exact over all 8 coalitions" in row_passport.method_words(found)
    figure = row_passport.explanation_figure(training, found, {"distance": "Shot distance"})
    ends = [
        start + step for bar in figure.data for start, step in zip(bar.base, bar.x, strict=True)
    ]
    assert any(end == pytest.approx(found.output, abs=1e-9) for end in ends)
    assert figure.layout.yaxis.ticktext[0].startswith("<b>Shot distance</b> 4 ft<br>+")


def test_a_curve_reaches_to_a_row_outside_training(hoops, training):
    values = {**VALUES, "distance": 90.0}
    arguments = (hoops.settings, hoops.spec, training.profile, hoops.versions[0])
    found = row_what_if.curve(*arguments, values, "distance")
    assert found.values[-1] == 90
    assert (np.diff(found.probability) < 0).all()
    figure = row_what_if.curve_figure(
        hoops.spec, training.profile, found, (90.0, 0.01), (4.0, 0.9), 0.5
    )
    assert {trace.name for trace in figure.data} == {"training", "the model", "now", "as scored"}
    homes = row_what_if.curve(*arguments, values, "home")
    assert (homes.values, len(set(homes.probability))) == ((0.0, 1.0), 1)
    zones = row_what_if.curve(*arguments, {**values, "zone": "moon"}, "zone")
    assert set(zones.values) == {"left", "middle", "right", "moon"}


def test_the_row_stands_on_the_court(hoops, training):
    values = {"distance": 60.0, "home": True, "zone": "left"}
    figure = row_court.pick_figure(hoops.spec, training.rows, values)
    assert (figure.data[-1].x[0], figure.data[-1].y[0]) == (0, 60)
    assert figure.layout.yaxis.range[1] > 60
    near = row_passport.nearest(training, values)
    drawn = row_court.near_figure(hoops.spec, near.rows, near.outcome, values)
    assert sum(len(trace.x) for trace in drawn.data[:2]) == row_passport.NEIGHBOURS
    assert training.placing is None  # its court has one column: no click can set it


def test_whole_numbers_keep_no_decimals_in_the_form():
    from core.services.row_form import _field

    class Column:
        name, title, kind, unit = "period", "period", "numeric", ""

    field = _field(Column, numeric_feature("period", [1, 2, 3, 4]), needed=False)
    assert (field.format, field.step, field.default, field.whole) == ("%d", 1, 2, True)
