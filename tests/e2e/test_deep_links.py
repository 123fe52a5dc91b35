"""Every page opened cold by a deep link: with data and without, with odd names, narrow and dark."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.e2e.harness import PAGES, App, settle

pytestmark = pytest.mark.e2e

HOSTILE_NAMES = ["../sample", "../../etc", "<script>window.hacked=1</script>", "a" * 5000, "\x00"]


def open_cold(page: Any, app: App, address: str, **query: str) -> None:
    """Open a deep link and see the page's title and status line."""
    page.goto(app.link(address, **query))
    page.get_by_role("heading", level=1, name=PAGES[address], exact=True).wait_for()
    settle(page)


def sideways_pixels(page: Any) -> int:
    """By how much the page is wider than what shows of it."""
    return page.evaluate(
        "() => Math.max(...[document.documentElement,"
        " document.querySelector('[data-testid=stMain]')]"
        ".map(e => e.scrollWidth - e.clientWidth))"
    )


@pytest.mark.parametrize("address", PAGES)
def test_a_page_of_an_empty_workspace_says_what_is_missing(page, empty_app, address):
    open_cold(page, empty_app, address, project="sample")
    missing = {
        "": "Nothing here yet",
        "Data_preparation": "has no development file yet",
        "Training": "Prepare the data",
        "Model_comparison": "There is no model to compare yet",
        "Production_scoring": "There is no model to score with yet",
        "Drift_monitoring": "There is no champion to watch yet",
    }
    page.get_by_test_id("stMain").get_by_text(missing[address]).first.wait_for()
    assert not (empty_app.home / "mlruns").exists(), "looking must make nothing"


@pytest.mark.parametrize("address", PAGES)
def test_a_page_with_data_shows_it_wide_narrow_and_dark(page, full_app, address):
    expected = {
        "": "Latest actions",
        "Data_preparation": "Columns of the file",
        "Training": "Latest result",
        "Model_comparison": "Is the difference real?",
        "Production_scoring": "Logged last",
        "Drift_monitoring": "Feature by feature",
    }
    open_cold(page, full_app, address, project="sample")
    page.get_by_role("heading", name=expected[address]).wait_for()
    page.get_by_text("Sample shooter (synthetic) · champion v").wait_for()
    assert sideways_pixels(page) <= 0
    page.set_viewport_size({"width": 800, "height": 900})
    page.emulate_media(color_scheme="dark")
    open_cold(page, full_app, address, project="sample")
    page.get_by_role("heading", name=expected[address]).wait_for()
    assert sideways_pixels(page) <= 0
    background = page.get_by_test_id("stApp").evaluate("e => getComputedStyle(e).backgroundColor")
    assert background == "rgb(18, 22, 29)"


def test_a_project_that_is_not_there_is_named(page, full_app):
    open_cold(page, full_app, "Training", project="nowhere")
    page.get_by_text("There is no project “nowhere” here").wait_for()


@pytest.mark.parametrize("name", HOSTILE_NAMES, ids=lambda name: name[:10].encode().hex())
def test_a_hostile_project_name_is_only_text(page, empty_app, name):
    open_cold(page, empty_app, "Data_preparation", project=name)
    page.get_by_text("There is no project").wait_for()
    assert page.evaluate("() => window.hacked") is None
    assert not list((empty_app.home / "data").glob("*")), "looking makes nothing"
    assert not list(empty_app.home.parent.glob("sample*"))


def choose_upload(page: Any, app: App, path: Path) -> None:
    """On the scoring page, choose a file of one's own."""
    open_cold(page, app, "Production_scoring", project="sample")
    page.get_by_text("Upload another").click()
    page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(path)


def score_button(page: Any) -> Any:
    return page.get_by_role("button", name=re.compile(r"Score [\d,]+ rows"))


def alerts(page: Any) -> list[str]:
    return page.get_by_test_id("stAlert").all_inner_texts()


def test_text_renamed_to_parquet_gets_one_clear_message(page, full_app, tmp_path):
    path = tmp_path / "shots.parquet"
    path.write_text("these are not the rows you are looking for\n" * 50)
    choose_upload(page, full_app, path)
    page.get_by_role("alert").first.wait_for()
    settle(page)
    said = alerts(page)
    assert len(said) == 1 and "shots.parquet" in said[0], said
    assert score_button(page).count() == 0


def test_a_file_that_lacks_a_column_names_it_and_cannot_be_scored(page, full_app, tmp_path):
    path = tmp_path / "shots.parquet"
    production(full_app).drop(columns="shot_distance").to_parquet(path)
    choose_upload(page, full_app, path)
    page.get_by_role("alert").first.wait_for()
    settle(page)
    said = alerts(page)
    assert len(said) == 1 and "shot_distance" in said[0], said
    assert score_button(page).is_disabled()


def test_a_good_csv_is_scored(page, full_app, tmp_path):
    path = tmp_path / "shots.csv"
    production(full_app).head(37).to_csv(path, index=False)
    choose_upload(page, full_app, path)
    page.get_by_role("button", name="Score 37 rows with v").click()
    page.get_by_role("heading", name="37 rows scored with v").wait_for()
    settle(page)
    assert alerts(page) == []


def production(app: App) -> pd.DataFrame:
    return pd.read_parquet(app.home / "data/sample/01_raw/sample_prod.parquet")
