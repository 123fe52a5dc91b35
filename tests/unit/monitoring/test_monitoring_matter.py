"""Does the drift matter, and where does it sit?"""

import numpy as np
import pandas as pd
import pytest

from core.monitoring.drift import feature_drift
from core.monitoring.effect import drift_effects
from core.monitoring.figure_matter import effect_figure, effect_words, slice_figure
from core.monitoring.profile import build_profile
from core.monitoring.slices import drift_slices, loss_slices, range_words


def model(frame):
    return 1 / (1 + np.exp(0.2 * (frame["distance"].to_numpy(float) - 12)))


@pytest.fixture
def moved(population):
    window, _, _ = population(1500, seed=3)
    return window.assign(distance=window["distance"] + 10, zone="left")


def counts(profile, frame):
    return {name: feature.count(frame[name]) for name, feature in profile.features.items()}


def moved_slices(profile, frame):
    return drift_slices(profile, feature_drift(profile, frame), counts(profile, frame))


def test_a_feature_that_the_model_ignores_has_no_effect_however_far_it_moved(profile, moved):
    effects = drift_effects(profile, moved, model)
    assert effects[0].name == "distance"
    assert {one.name: one.size for one in effects[1:]} == {"minute": 0, "home": 0, "zone": 0}
    assert "most of the drift in distance:" in effect_words(effects)


def test_undoing_a_shift_gives_back_what_it_did(profile, population):
    window, _, _ = population(2000, seed=3)
    effects = drift_effects(profile, window.assign(distance=window["distance"] + 5), model)
    done = model(window.assign(distance=window["distance"] + 5)) - model(window)
    assert effects[0].direction == pytest.approx(done.mean(), abs=0.02)
    assert effects[0].size == pytest.approx(np.abs(done).mean(), abs=0.02)


def test_an_unchanged_window_has_next_to_no_effect(profile, population):
    effects = drift_effects(profile, population(2000, seed=3)[0], model)
    assert max(one.size for one in effects) < 0.02


@pytest.mark.parametrize("value", [np.nan, 5.0])
def test_missing_and_constant_values_are_undone_too(profile, population, value):
    window, _, _ = population(500, seed=3)
    filled = lambda frame: model(frame.fillna({"distance": 12.0}))  # noqa: E731
    [first, *_] = drift_effects(profile, window.assign(distance=value), filled)
    assert first.name == "distance"
    assert 0.1 < first.size < 1


def test_no_rows_no_effects(profile, population):
    assert drift_effects(profile, population(0)[0], model) == ()


def test_effects_and_slices_are_drawn_with_their_units(profile, moved):
    drift = feature_drift(profile, moved)
    figure = effect_figure(drift_effects(profile, moved, model), drift)
    assert "(percentage points)" in figure.layout.xaxis.title.text
    slices = drift_slices(profile, drift, counts(profile, moved))
    drawn = slice_figure(slices[0])
    assert [trace.name for trace in drawn.data] == ["production", "training"]
    assert drawn.layout.title.text == slices[0].sentence.rstrip(".")


def test_the_slices_are_the_fewest_that_explain_most(profile, moved):
    by_feature = {one.feature: one for one in moved_slices(profile, moved)}
    assert set(by_feature) == {"distance", "zone"}
    far = by_feature["distance"]
    assert sum(part.part for part in far.slices) >= 0.8
    assert sum(part.part for part in far.slices[:-1]) < 0.8
    assert far.slices[0].words.startswith("above ")
    assert far.slices[0].words.endswith(" ft")
    zone = by_feature["zone"].slices[0]
    assert (zone.words, zone.window_share, zone.part) == ("'left'", 1.0, 1.0)
    said = "The drift in zone sits where it is 'left' (30% → 100%)."
    assert by_feature["zone"].sentence == said


def test_parts_are_the_shares_of_the_index(profile, moved):
    drift = {one.name: one.psi for one in feature_drift(profile, moved)}
    for one in moved_slices(profile, moved):
        assert one.total == pytest.approx(drift[one.feature])


def test_a_quiet_window_has_no_slices(profile, population):
    window, probability, label = population(800, seed=3)
    assert moved_slices(profile, window) == ()
    assert loss_slices(profile, window, probability, label, estimated=True) == ()


def test_lost_performance_is_found_where_it_was_planted(profile, population):
    window, probability, label = population(4000, seed=3)
    wrong = (window["zone"] == "right").to_numpy()
    turned = np.where(wrong, 1 - label, label)
    first, *_ = loss_slices(profile, window, probability, turned, estimated=False)
    assert first.feature == "zone"
    assert first.measure == "realised log loss"
    [only] = first.slices
    assert only.words == "'right'"
    assert only.part > 0.9
    assert only.window_share == pytest.approx(wrong.mean())
    assert "lost log loss lies where it is 'right'" in first.sentence


def test_without_labels_the_loss_is_estimated_or_not_at_all(profile, population):
    window, _, _ = population(4000, seed=3)
    near = np.abs(window["distance"].to_numpy() - 12) < 2  # where the outcome is hardest to tell
    hard, unknown = window[near], np.full(near.sum(), np.nan)
    probability = model(hard)
    found = loss_slices(profile, hard, probability, unknown, estimated=True)
    assert {one.measure for one in found} == {"estimated log loss"}
    assert loss_slices(profile, hard, probability, unknown, estimated=False) == ()
    assert loss_slices(profile, hard[:9], probability[:9], unknown[:9], estimated=True) == ()


def test_ranges_in_words():
    frame = pd.DataFrame({"x": np.arange(1, 101, dtype=float), "k": ["a", "b"] * 50})
    built = build_profile(frame, {"x": "numeric", "k": "categorical"}, units={"x": "ft"})
    x, k = built.features["x"], built.features["k"]
    last = len(x.counts) - 1
    assert range_words(x, 0, 0) == "below 1 ft"
    assert range_words(x, 0, 2) == range_words(x, 1, 2) == "up to 20 ft"
    assert range_words(x, 3, 4) == "above 20 up to 40 ft"
    assert range_words(x, last - 1, last - 1) == "above 100 ft"
    assert range_words(x, 10, last - 1) == "above 90 ft"
    assert range_words(x, last, last) == "missing"
    assert [range_words(k, place, place) for place in range(4)] == ["'a'", "'b'", "new", "missing"]
