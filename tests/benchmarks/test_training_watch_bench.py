"""Fifty trainings watched on the page: what the server keeps of them in memory."""

from __future__ import annotations

from pathlib import Path

import psutil
import pytest

from core import jobs
from core.services import training
from core.settings import Settings
from core.training.plan import make_plan
from tests import trained
from tests.e2e import harness

pytestmark = pytest.mark.bench

WARM_UP, WATCHED = 10, 50
MOST_GROWTH_BYTES = 50e6
# The page looks every second: each training is looked at twice.
_LOOKS_MILLISECONDS = 2000


def server_of(home: Path) -> psutil.Process:
    """The app that works in ``home``, among this process's children."""
    for child in psutil.Process().children():
        if child.environ().get("COURTSIDE_HOME") == str(home):
            return child
    raise AssertionError("the app is not running")


def held_bytes(server: psutil.Process) -> int:
    """Memory that is the server's alone."""
    return int(server.memory_full_info().uss)


def test_the_server_keeps_little_of_fifty_watched_trainings(
    workspace: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    if harness.chromium_path() is None:
        pytest.skip("Chromium is not installed")
    from playwright.sync_api import sync_playwright

    club = trained.make(workspace)
    result = club.train(club.prepare())
    plan = make_plan(club.spec).to_json() | {"result": result}
    folder = workspace.jobs_dir(trained.PROJECT)
    with harness.running_app(workspace.home) as app, sync_playwright() as playwright:
        server = server_of(workspace.home)
        browser = harness.launch(playwright)
        page = browser.new_page()
        page.set_default_timeout(3 * harness.WAIT_MILLISECONDS)
        page.goto(app.link("Training", project=trained.PROJECT))
        page.get_by_role("button", name="Train", exact=True).wait_for()

        def watch_one(number: int) -> None:
            seen = workspace.home / f"seen-{number}"
            job = jobs.submit(
                folder,
                entry_point="core.jobs.selftest:linger",
                plan=plan | {"until": str(seen)},
                kind=training.KIND,
                title="Watched",
            )
            # The page is not told of a job that another process started: it is looked at anew.
            page.reload()
            page.locator(f".st-key-live-{job.job_id}").wait_for(state="attached")
            page.wait_for_timeout(_LOOKS_MILLISECONDS)
            seen.touch()
            jobs.wait(folder, job.job_id)
            page.locator(f".st-key-beside-ended-{job.job_id}").wait_for(state="attached")
            harness.settle(page)

        sizes = []
        for number in range(WARM_UP + WATCHED):
            watch_one(number)
            if number >= WARM_UP - 1:
                sizes.append(held_bytes(server))
        browser.close()
    growth = sizes[-1] - sizes[0]
    with capsys.disabled():
        tenths = " ".join(f"{size / 1e6:.0f}" for size in sizes[::10])
        print(
            f"\nserver: {tenths} MB after each 10 of {WATCHED} trainings watched, "
            f"grown by {growth / 1e6:.1f} MB, at most {max(sizes) / 1e6:.0f} MB"
        )
    assert growth <= MOST_GROWTH_BYTES
