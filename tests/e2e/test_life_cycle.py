"""From an empty workspace through the whole life of a model, by pressing what a person sees."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.e2e import harness
from tests.e2e.harness import App, settle

pytestmark = pytest.mark.e2e

CANDIDATES = 2


def test_life_cycle(page, empty_app, tmp_path):
    make_the_sample(page, empty_app)
    prepare(page)
    train(page)
    compare_and_promote(page)
    score_the_production_file(page, empty_app, tmp_path)
    score_one_row(page, empty_app)
    looking_logs_nothing(page, empty_app)
    monitor(page)
    new_rows_show_by_themselves(page, empty_app, tmp_path)
    home_says_where_it_stands(page)


def make_the_sample(page: Any, app: App) -> None:
    page.goto(app.link())
    press(page, "Make the sample project")
    page.get_by_text("Next: prepare.").wait_for()


def prepare(page: Any) -> None:
    go(page, "1 Prepare", "Data preparation")
    press(page, "Prepare")
    page.get_by_text("Prepared: ").wait_for()


def train(page: Any) -> None:
    """With few candidates; the page is reloaded in the middle and finds the same job again."""
    go(page, "2 Train", "Training")
    for algorithm in ("Logistic Regression", "Decision Tree"):
        field = page.get_by_role("spinbutton", name=f"Candidates for {algorithm}")
        field.fill(str(CANDIDATES))
        field.press("Enter")
        settle(page)
    page.get_by_text(f"({2 * CANDIDATES} candidates × 5 folds)").wait_for()
    press(page, "Train")
    live = page.locator("[class*='st-key-live-']")
    live.get_by_role("progressbar").wait_for()
    job = job_of(live)
    page.reload()
    live.get_by_role("progressbar").wait_for()
    assert job_of(live) == job
    page.get_by_role("heading", name="Latest result").wait_for(timeout=240_000)
    settle(page)
    assert live.count() == 0
    page.get_by_text("is the best (ROC AUC").wait_for()
    board = page.get_by_role("table")
    assert board.get_by_role("row").count() == 3, "a heading and two models"
    assert board.get_by_text("champion").count() == 1


def job_of(live: Any) -> str:
    found = re.search(r"st-key-live-(\S+)", live.get_attribute("class"))
    assert found is not None
    return found.group(1)


def compare_and_promote(page: Any) -> None:
    """Both versions are there; the other one is promoted, then the first put back."""
    go(page, "3 Compare", "Model comparison")
    board = page.get_by_role("table").first
    assert board.get_by_role("row").count() == 3
    before, other = champion_of(page), {"1": "2", "2": "1"}[champion_of(page)]
    reason = page.get_by_placeholder("Why, for those who ask later")
    reason.fill("to see how it does")
    reason.press("Tab")
    settle(page)
    press(page, "Promote")
    champion_now(page, other)
    press(page, f"Roll back to v{before}")
    champion_now(page, before)


def champion_now(page: Any, version: str) -> None:
    """Both the word of the promotion and the status line name the new champion."""
    said = re.compile(rf"v{version} .* is champion now")
    page.get_by_test_id("stAlert").filter(has_text=said).wait_for()
    settle(page)
    assert champion_of(page) == version


def champion_of(page: Any) -> str:
    """The version that the status line under the title calls champion."""
    line = page.get_by_text("Sample shooter (synthetic) · champion v").inner_text()
    found = re.search(r"champion v(\d+)", line)
    assert found is not None
    return found.group(1)


def score_the_production_file(page: Any, app: App, folder: Path) -> None:
    go(page, "4 Score", "Production scoring")
    button = page.get_by_role("button", name=re.compile(r"Score [\d,]+ rows with v"))
    rows = number_in(button.inner_text())
    button.click()
    page.get_by_role("heading", name="rows scored with v").wait_for()
    settle(page)
    shown = {
        label: number_in(metric(page, label))
        for label in ("Rows in the file", "Scored", "Rejected")
    }
    assert shown["Rows in the file"] == rows == shown["Scored"] + shown["Rejected"]
    assert logged_rows(app) == shown["Scored"] > 0
    with page.expect_download() as waiting:
        press(page, "Scored file (Parquet)")
    path = folder / waiting.value.suggested_filename
    waiting.value.save_as(path)
    table = pq.read_table(path)
    added = ["prediction", "probability", "prediction_id", "model_version"]
    assert table.column_names[-4:] == added
    assert table.num_rows == shown["Scored"]
    assert len(set(table["prediction_id"].to_pylist())) == table.num_rows
    assert set(table["prediction"].to_pylist()) <= {0, 1}
    assert all(0 <= value <= 1 for value in table["probability"].to_pylist())
    assert {str(v) for v in table["model_version"].to_pylist()} == {champion_of(page)}


def score_one_row(page: Any, app: App) -> None:
    before = logged_rows(app)
    page.get_by_text("One row", exact=True).click()
    field = page.get_by_role("spinbutton", name="Shot distance")
    field.fill("31")
    field.press("Tab")
    settle(page)
    assert logged_rows(app) == before, "filling in the form logs nothing"
    press(page, "Predict")
    page.get_by_text(re.compile("Logged as")).wait_for()
    settle(page)
    assert logged_rows(app) == before + 1
    last = harness.log_records(app)[-1]
    assert last["source"] == "form" and float(last["shot_distance"]) == 31


def looking_logs_nothing(page: Any, app: App) -> None:
    """Opening pages, reloading, moving widgets: no prediction was asked for."""
    before = logged_rows(app)
    page.reload()
    settle(page)
    page.get_by_text("One row", exact=True).click()
    page.get_by_role("spinbutton", name="Shot distance").fill("3")
    page.get_by_role("spinbutton", name="Shot distance").press("Tab")
    go(page, "3 Compare", "Model comparison")
    go(page, "5 Monitor", "Drift monitoring")
    page.get_by_text("Violin", exact=True).click()
    settle(page)
    assert logged_rows(app) == before


def monitor(page: Any) -> None:
    """The verdict says that production left the training data, and what moved."""
    verdict = page.get_by_role("heading", level=4)
    verdict.wait_for()
    assert "training" in verdict.inner_text()
    page.get_by_text("alarm").first.wait_for()
    moved = page.get_by_text(re.compile(r"shot.distance.*→", re.IGNORECASE))
    moved.first.wait_for()
    press(page, "Check and record")
    page.get_by_text("Recorded: ").wait_for()
    settle(page)


def new_rows_show_by_themselves(page: Any, app: App, folder: Path) -> None:
    """Another process scores; the open page shows its rows without anybody touching it."""
    page.evaluate("() => { window.sameDocument = true; }")
    before = rows_judged(page)
    production = app.home / "data/sample/01_raw/sample_prod.parquet"
    out = folder / "second.parquet"
    harness.command(app.home, "score", str(production), "--project", "sample", "--out", str(out))
    more = before + pq.read_metadata(out).num_rows
    page.get_by_text(f"{more:,} rows against").wait_for(timeout=90_000)
    assert page.evaluate("() => window.sameDocument") is True


def rows_judged(page: Any) -> int:
    return number_in(page.get_by_text(re.compile(r"[\d,]+ rows against")).inner_text())


def home_says_where_it_stands(page: Any) -> None:
    go(page, "Home", "Courtside")
    page.get_by_text("predictions logged").wait_for()
    latest = page.get_by_role("listitem").all_inner_texts()
    for action in ("scored", "checked for drift", "champion", "trained", "prepared"):
        assert any(action in text for text in latest), (action, latest)


def press(page: Any, name: str) -> None:
    """Press a button by its visible name."""
    page.get_by_role("button", name=re.compile(rf"{re.escape(name)}$")).click()


def go(page: Any, link: str, title: str) -> None:
    """Go to a page by the sidebar."""
    page.get_by_test_id("stSidebar").get_by_role("link", name=link).click()
    page.get_by_role("heading", level=1, name=title, exact=True).wait_for()
    settle(page)


def metric(page: Any, label: str) -> str:
    """The value of a key figure by its label."""
    boxes = page.get_by_test_id("stMetric")
    box = boxes.filter(has=page.get_by_text(label, exact=True))
    return str(box.get_by_test_id("stMetricValue").inner_text())


def number_in(text: str) -> int:
    found = re.search(r"\d[\d,]*", text)
    assert found is not None, text
    return int(found.group().replace(",", ""))


def logged_rows(app: App) -> int:
    return len(harness.log_records(app))
