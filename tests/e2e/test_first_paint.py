"""How long a visitor waits for each page, measured in the browser; a report, not a race.

First paint: from the start of the navigation until the page's title is there to be read. Settled:
until the script behind the page has run through and nothing is left to draw. Server and browser
have seen each page once before.
"""

from __future__ import annotations

import json
import statistics
from dataclasses import asdict, dataclass
from typing import Any

import pytest

from tests.e2e.harness import PAGES, App, settle

pytestmark = pytest.mark.e2e

ROUNDS = 3

# The clock of the page itself: it starts with the navigation, and asking costs nothing.
_STAMP_TITLE = """
new MutationObserver((_, me) => {
    const title = document.querySelector('[data-testid=stMain] h1');
    if (!title || !title.innerText) return;
    me.disconnect();
    requestAnimationFrame(() => { window.titlePaintedAt = performance.now(); });
}).observe(document, {childList: true, subtree: true});
"""


@dataclass(frozen=True)
class Visit:
    """Milliseconds since the navigation began."""

    first_paint: float
    settled: float


def visit(page: Any, app: App, address: str) -> Visit:
    """Open a page by its deep link and wait until it stands."""
    page.goto(app.link(address, project="sample"), wait_until="commit")
    page.wait_for_function("() => window.titlePaintedAt")
    settle(page)
    painted, settled = page.evaluate("() => [window.titlePaintedAt, performance.now()]")
    return Visit(painted, settled)


def median_visit(page: Any, app: App, address: str) -> Visit:
    """The medians of several visits, after one that warms the caches."""
    visit(page, app, address)
    visits = [visit(page, app, address) for _ in range(ROUNDS)]
    return Visit(
        statistics.median(one.first_paint for one in visits),
        statistics.median(one.settled for one in visits),
    )


def test_time_to_first_paint(page, full_app, capsys, tmp_path):
    page.add_init_script(_STAMP_TITLE)
    measured = {title: median_visit(page, full_app, address) for address, title in PAGES.items()}
    path = tmp_path / "first_paint.json"
    path.write_text(json.dumps({title: asdict(one) for title, one in measured.items()}, indent=2))
    with capsys.disabled():
        print(f"\n{'page':<20} {'first paint':>12} {'settled':>12}   (ms, median of {ROUNDS})")
        for title, one in measured.items():
            print(f"{title:<20} {one.first_paint:>12,.0f} {one.settled:>12,.0f}")
        print(f"also in {path}")
    assert list(measured) == list(PAGES.values())
    assert all(0 < one.first_paint <= one.settled for one in measured.values())
