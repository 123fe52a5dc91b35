"""A window in pieces: an even draw in bounded memory, and the findings of all the rows."""

from datetime import UTC, datetime
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from core.dataset import spec as specs
from core.monitoring.gathering import EvenDraw, gathered_window
from core.monitoring.judgement import as_json, judge
from core.monitoring.profile import build_profile
from core.monitoring.window import Rows, logged_window

SPEC = specs.from_text(
    "target: {column: made, positive: 1}\ncolumns: {distance: numeric, zone: categorical}", "club"
)
VERSION = SimpleNamespace(version="1", label="v1", threshold=0.5, metrics={"test_f1": 0.7})


def places(first, count):
    """Rows that know their place in the stream."""
    place = np.arange(first, first + count, dtype=float)
    return Rows(pd.DataFrame({"place": place}), place, place, np.ones(count, dtype=bool))


def drawn(pieces, most, seed=0):
    draw, first = EvenDraw(most, seed), 0
    for count in pieces:
        draw.add(places(first, count))
        first += count
    return draw.rows()


def logged(count, seed=0, labelled=0.0):
    generator = np.random.default_rng(seed)
    probability = generator.random(count)
    label = (generator.random(count) < probability).astype(float)
    return pd.DataFrame(
        {
            "logged_at": datetime(2026, 1, 1, tzinfo=UTC) + pd.to_timedelta(range(count), "s"),
            "prediction_id": [f"p{place}" for place in range(count)],
            "model_version": np.where(generator.random(count) < 0.8, "1", "2"),
            "distance": np.round(generator.gamma(4, 3, count), 1),
            "zone": generator.choice(["left", "right"], count),
            "probability": probability,
            "label": np.where(generator.random(count) < labelled, label, np.nan),
        }
    )


@pytest.fixture(scope="module")
def profile():
    rows = logged(2000, seed=1, labelled=1.0)
    return build_profile(rows, dict(SPEC.kinds), rows["probability"], rows["label"])


def gathered(profile, rows, piece, most):
    pieces = (rows.iloc[first : first + piece] for first in range(0, len(rows), piece))
    return gathered_window(SPEC, VERSION, profile, pieces, {}, most)


def test_few_rows_are_all_kept_in_order():
    rows = drawn([3, 1, 6], most=10)
    assert rows.probability.tolist() == list(range(10))
    assert rows.frame["place"].tolist() == list(range(10))
    assert drawn([], most=10) is None


def test_a_draw_is_even_over_the_stream_and_keeps_its_order():
    pieces = [7, 500, 1, 3000, 92, 400]
    counted = np.zeros(10)
    for seed in range(40):
        rows = drawn(pieces, most=200, seed=seed)
        assert len(rows) == 200
        assert (np.diff(rows.probability) > 0).all()
        assert rows.frame["place"].tolist() == rows.label.tolist()
        counted += np.histogram(rows.probability, 10, (0, 4000))[0]
    # 8,000 rows over ten equal parts: 800 each, with a standard deviation of about 27.
    assert np.abs(counted - 800).max() < 4 * 27


def test_what_is_held_is_bounded():
    draw = EvenDraw(100, seed=0)
    for first in range(0, 20_000, 50):
        draw.add(places(first, 50))
        assert draw.held <= 200


@pytest.mark.parametrize("piece", [37, 400, 5000])
def test_rows_in_pieces_are_the_window_of_them_together(profile, piece):
    rows = logged(400, labelled=0.5)
    whole = logged_window(SPEC, VERSION, profile, rows, {"p3": 1.0})
    pieces = (rows.iloc[first : first + piece] for first in range(0, len(rows), piece))
    window = gathered_window(SPEC, VERSION, profile, pieces, {"p3": 1.0}, 400)
    pd.testing.assert_frame_equal(window.frame, whole.frame)
    assert (window.first, window.last, window.drawn) == (whole.first, whole.last, "")
    for name in ("rows", "own_rows", "labelled_rows", "elsewhere"):
        assert getattr(window, name) == getattr(whole, name)
    others = rows[rows["model_version"] != "1"]
    known = others["label"].notna() | (others["prediction_id"] == "p3")
    assert dict(window.elsewhere) == {"2": int(known.sum())} and known.any()
    assert as_json(judge(window), None) == as_json(judge(whole), None)


def test_of_many_rows_all_are_counted_and_what_is_drawn_is_said(profile):
    rows = logged(3000, seed=5, labelled=0.03)
    whole, window = gathered(profile, rows, 700, 5000), gathered(profile, rows, 700, 300)
    assert (len(window.frame), window.rows, window.own_rows) == (300, 3000, whole.own_rows)
    assert window.tally().drift() == whole.tally().drift()
    assert window.tally().prediction() == whole.tally().prediction()
    # Few rows have a label: all of them count for performance, whichever were drawn.
    assert window.labelled_rows == whole.labelled_rows == len(window.labelled()) > 50
    found, exact = judge(window), judge(whole)
    assert found.realised == exact.realised
    assert found.explanation == exact.explanation
    assert found.slices == exact.slices
    assert "counted on all 3,000 rows" in window.drawn
    assert "rests on 300 of them, drawn evenly." in window.drawn
    assert as_json(found, None)["drawn"] == window.drawn


def test_of_many_labels_an_even_draw_measures_performance(profile):
    window = gathered(profile, logged(3000, seed=5, labelled=1.0), 700, 300)
    assert judge(window).realised["labelled_rows"] == 300
    assert f"performance on 300 of {window.labelled_rows:,} with a label" in window.drawn


def test_no_rows_are_no_window(profile):
    assert gathered_window(SPEC, VERSION, profile, [logged(0)], {}) is None
