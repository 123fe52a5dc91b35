"""Fixtures of the end-to-end tests: apps in workspaces of their own, tabs that watch errors."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.e2e import harness
from tests.e2e.harness import App

_REPORT = pytest.StashKey[pytest.TestReport]()

# Streamlit's box for an uncaught exception, and the words with which the app's own error boundary
# reports one. Looked for at every change of the page: a box that comes and goes counts too.
_WATCH = """
new MutationObserver(() => {
    const box = document.querySelector('[data-testid=stException]');
    if (box) window.reportTrouble(box.innerText);
    for (const alert of document.querySelectorAll('[data-testid=stAlert]'))
        if (alert.innerText.includes('Something unexpected happened'))
            window.reportTrouble(alert.innerText);
}).observe(document, {childList: true, subtree: true});
"""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Let the page's fixture know whether its test failed."""
    report: Any = yield
    if report.when == "call":
        item.stash[_REPORT] = report
    return report


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Chromium, once for all tests."""
    if harness.chromium_path() is None:
        reason = "Chromium is not installed; the end-to-end tests need it (apt install chromium)"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        made = harness.launch(playwright)
        yield made
        made.close()


@pytest.fixture(scope="module")
def empty_app(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """The app on a workspace in which nothing has been made yet."""
    with harness.running_app(tmp_path_factory.mktemp("empty")) as app:
        yield app


@pytest.fixture(scope="session")
def full_home(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace after the whole life cycle of the sample, made from the terminal."""
    home = tmp_path_factory.mktemp("full")
    harness.whole_cycle(home)
    return home


@pytest.fixture(scope="session")
def full_app(full_home: Path) -> Iterator[App]:
    """The app on the workspace after the whole life cycle."""
    with harness.running_app(full_home) as app:
        yield app


def note_foreign(url: str, note: Callable[[str], None]) -> None:
    """The app works where there is no internet: no page may ask another machine for anything."""
    parts = urlsplit(url)
    if parts.scheme in ("http", "https") and parts.hostname != "localhost":
        note(f"It asked another machine: {url}")


@pytest.fixture(scope="session")
def trouble() -> list[str]:
    """What pages have reported since the test began."""
    return []


@pytest.fixture(scope="session")
def context(browser: Any, trouble: list[str]) -> Iterator[Any]:
    """One browser profile for all tests: its cache is warm as a visitor's is."""
    made = browser.new_context(viewport={"width": 1280, "height": 900})
    made.set_default_timeout(harness.WAIT_MILLISECONDS)

    def note(said: str) -> None:  # Playwright marks what it calls, and a built-in takes no mark.
        trouble.append(said)

    made.expose_function("reportTrouble", note)
    made.add_init_script(_WATCH)
    made.on("request", lambda request: note_foreign(request.url, note))
    yield made
    made.close()


@pytest.fixture
def page(
    context: Any, trouble: list[str], request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[Any]:
    """A tab of its own. The test fails if it ever showed an uncaught exception or asked another
    machine; where a test fails, what the tab looked like is saved and the path printed."""
    trouble.clear()
    tab = context.new_page()
    yield tab
    report = request.node.stash.get(_REPORT, None)
    if trouble or report is None or report.failed:
        path = tmp_path / "screenshot.png"
        tab.screenshot(path=path, full_page=True)
        print(f"{tab.url} looked like {path}")
    tab.close()
    if trouble:
        pytest.fail("On one of its pages:\n" + "\n".join(sorted(set(trouble))))
