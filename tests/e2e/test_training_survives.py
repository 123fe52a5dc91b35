"""A training goes on when the server that started it is killed, and every tab finds it again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psutil
import pytest

from core import jobs
from core.jobs.folder import JobFolder
from core.services import training
from core.settings import Settings
from tests.e2e import harness
from tests.e2e.harness import App

pytestmark = pytest.mark.e2e

PROJECT = "sample"


@pytest.fixture
def prepared_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, browser: Any) -> Path:
    home = tmp_path / "home"
    harness.command(home, "init", "--sample")
    harness.command(home, "prepare", "--project", PROJECT)
    monkeypatch.setenv("COURTSIDE_HOME", str(home))
    return home


def server_of(home: Path) -> psutil.Process:
    return next(
        child
        for child in psutil.Process().children()
        if child.environ().get("COURTSIDE_HOME") == str(home)
    )


def open_tab(context: Any, app: App) -> Any:
    tab = context.new_page()
    tab.goto(app.link("Training", project=PROJECT))
    return tab


def test_a_second_session_and_a_new_server_find_the_running_training(
    prepared_home: Path, context: Any
) -> None:
    settings = Settings.from_env()
    folder = settings.jobs_dir(PROJECT)
    with harness.running_app(prepared_home) as app:
        first = open_tab(context, app)
        first.get_by_role("button", name="Train", exact=True).click()
        live = "[class*='st-key-live-']"
        first.locator(live).get_by_role("progressbar").wait_for()
        (job,) = training.listed(settings, PROJECT)
        second = open_tab(context, app)
        second.locator(f".st-key-live-{job.job_id}").wait_for()
        server = server_of(prepared_home)
        server.kill()
        server.wait()  # as long as it is dying, the training still is its child
        first.close()
        second.close()
    worker = JobFolder.existing(folder, job.job_id).read_state().pid
    assert jobs.read(folder, job.job_id).state == "running"
    assert psutil.Process(worker).is_running(), "the training outlives the server"

    with harness.running_app(prepared_home) as app:
        tab = open_tab(context, app)
        tab.locator(f".st-key-live-{job.job_id}").get_by_role("progressbar").wait_for()
        tab.reload()
        tab.locator(f".st-key-live-{job.job_id}").get_by_role("progressbar").wait_for()
        tab.get_by_role("heading", name="Latest result").wait_for(timeout=240_000)
        tab.get_by_text("is the best (ROC AUC").wait_for()
        tab.close()
    ended = jobs.read(folder, job.job_id)
    assert (ended.state, len(jobs.list_jobs(folder))) == ("succeeded", 1)
