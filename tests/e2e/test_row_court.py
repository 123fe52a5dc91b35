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

_CHART = ".st-key-row-court-sample .js-plotly-plot"
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


def click(page: Any, x: float, y: float) -> None:
    """Click at feet from the basket, and wait until the form says so."""
    chart = page.locator(_CHART)
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
        assert page.locator(_CHART).evaluate(_ROW) == pytest.approx([x, y])
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
    page.goto(full_app.link("Production_scoring", project="sample", way="row"))
    page.get_by_role("button", name="Predict").wait_for()
    settle(page)
    click(page, 12.0, 16.0)
    chart = page.locator(_CHART)
    left, top = chart.evaluate(_PLACE, [-9.0, 3.0])
    page.mouse.move(left, top)
    page.wait_for_timeout(100)  # Plotly looks what is under the mouse
    page.mouse.click(left, top)
    page.wait_for_timeout(gap_ms)
    page.mouse.click(left, top)
    page.wait_for_timeout(500)  # the second one, whatever comes of it
    settle(page)
    expect_value(page, LATITUDE, BASKET[0] - A_FOOT * 3)
    expect_value(page, LONGITUDE, BASKET[1] - A_FOOT * 9)
    assert chart.evaluate(_ROW) == pytest.approx([-9.0, 3.0])


def expect_value(page: Any, name: str, value: float) -> None:
    from playwright.sync_api import expect

    expect(field(page, name)).to_have_value(f"{value:.4f}")
