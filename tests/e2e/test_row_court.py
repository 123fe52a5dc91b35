"""A click on the court puts the form's row there; only a press on Predict reaches the log."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.e2e import harness
from tests.e2e.harness import settle

pytestmark = pytest.mark.e2e

LATITUDE, LONGITUDE, DISTANCE = "Latitude of the shot", "Longitude of the shot", "Shot distance"
# The sample's basket, and degrees a foot, as its specification has them.
BASKET, A_FOOT = (34.0443, -118.2698), 0.01

# One of before may still be there, unseen.
_CHART = ".st-key-row-court-sample .js-plotly-plot:visible"
# Where on the screen a point of the chart lies, its axes in feet from the basket.
_PLACE = """
(chart, [x, y]) => {
    const box = chart.getBoundingClientRect(), {xaxis, yaxis} = chart._fullLayout;
    return [box.left + xaxis._offset + xaxis.l2p(x), box.top + yaxis._offset + yaxis.l2p(y)];
}
"""
_ROW = "chart => { const row = chart.data.find(one => one.name === 'this row');"
_ROW += " return [row.x[0], row.y[0]]; }"


def field(page: Any, name: str) -> Any:
    return page.get_by_role("spinbutton", name=name)


def court(page: Any) -> Any:
    """The chart, once it is the only one that is seen."""
    from playwright.sync_api import expect

    chart = page.locator(_CHART)
    expect(chart).to_have_count(1)
    return chart


def click(page: Any, x: float, y: float) -> None:
    """Click at feet from the basket, and wait until the form says so."""
    chart = court(page)
    chart.scroll_into_view_if_needed()
    left, top = chart.evaluate(_PLACE, [x, y])
    page.mouse.move(left, top)
    page.mouse.click(left, top)
    expect_value(page, LATITUDE, BASKET[0] - A_FOOT * y)
    expect_value(page, LONGITUDE, BASKET[1] + A_FOOT * x)
    settle(page)


def test_a_click_on_the_court_sets_the_position(page, full_app):
    page.goto(full_app.link("Production_scoring", project="sample", way="row"))
    page.get_by_role("button", name="Predict").wait_for()
    settle(page)
    logged = len(harness.log_records(full_app))
    for x, y in ((12.0, 16.0), (-9.0, 3.0)):
        click(page, x, y)
        far = float(field(page, DISTANCE).input_value())
        assert abs(far - (x**2 + y**2) ** 0.5) < 1, "the distance follows"
        assert court(page).evaluate(_ROW) == pytest.approx([x, y])
    assert len(harness.log_records(full_app)) == logged, "clicks log nothing"

    page.get_by_role("button", name="Predict").click()
    page.get_by_text(re.compile("Logged as")).wait_for()
    settle(page)
    after = harness.log_records(full_app)
    assert len(after) == logged + 1
    last = after[-1]
    assert (last["source"], float(last["lat"]), float(last["lon"])) == ("form", 34.0143, -118.3598)


@pytest.mark.parametrize("gap_ms", [100, 250])
def test_a_double_click_is_a_click(page, full_app, gap_ms):
    """Streamlit makes one of two clicks that come while a script runs (the status line's, say), and
    these cancel each other out: the row stays where it was then, and the next one puts it there.
    """
    page.goto(full_app.link("Production_scoring", project="sample", way="row"))
    page.get_by_role("button", name="Predict").wait_for()
    settle(page)
    before = (12.0, 16.0)
    click(page, *before)
    for there in ((-9.0, 3.0), (5.0, 8.0), (-4.0, 11.0)):
        double_click(page, *there, gap_ms)
        if is_told(page, *there):
            break
        assert is_told(page, *before)
    assert is_told(page, *there), "three double clicks, and none put the row anywhere"
    settle(page)
    assert court(page).evaluate(_ROW) == pytest.approx(there)


def is_told(page: Any, x: float, y: float) -> bool:
    """Whether the form says, soon, that the row is at feet from the basket."""
    try:
        expect_value(page, LATITUDE, BASKET[0] - A_FOOT * y)
        expect_value(page, LONGITUDE, BASKET[1] + A_FOOT * x)
    except AssertionError:
        return False
    return True


def double_click(page: Any, x: float, y: float, gap_ms: int) -> None:
    """Twice at feet from the basket, with a pause between; waits for whatever comes of it."""
    left, top = court(page).evaluate(_PLACE, [x, y])
    page.mouse.move(left, top)
    page.wait_for_timeout(100)  # Plotly looks what is under the mouse
    page.mouse.click(left, top)
    page.wait_for_timeout(gap_ms)
    page.mouse.click(left, top)
    page.wait_for_timeout(500)
    settle(page)


def expect_value(page: Any, name: str, value: float) -> None:
    from playwright.sync_api import expect

    expect(field(page, name)).to_have_value(f"{value:.4f}")
