"""A page that stays open tells what others do: its status line needs no reload."""

from __future__ import annotations

import pytest

from tests.e2e import harness
from tests.e2e.harness import settle

pytestmark = pytest.mark.e2e


def test_what_is_done_elsewhere_shows_on_an_open_page(page, full_app):
    page.goto(full_app.link("Production_scoring", project="sample"))
    settle(page)
    line = page.get_by_test_id("stMain").get_by_test_id("stCaptionContainer").first
    assert "champion v" in line.inner_text()
    harness.command(full_app.home, "compare", "--project", "sample")
    line.get_by_text("compared versions").wait_for()
