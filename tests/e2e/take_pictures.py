"""Take the README's pictures anew: ``python tests/e2e/take_pictures.py`` from the repository.

It makes the sample project in a temporary folder, takes it through the whole life cycle (a minute
or two), opens each page in Chromium and writes ``tests/e2e/pictures/*.png``. Nothing of your own
data is touched or shown.
"""

from __future__ import annotations

import io
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY))

from tests.e2e import harness  # noqa: E402
from tests.e2e.harness import App, settle  # noqa: E402

FOLDER = Path(__file__).resolve().parent / "pictures"
WIDTH, HEIGHT = 1280, 1150
# A palette of this many colours shows no difference on these pages and saves most of the bytes.
COLOURS = 128
MOST_BYTES = 150_000


def main() -> int:
    """Make the project, take every picture; exit code 1 without Chromium."""
    if harness.chromium_path() is None:
        print("Chromium is not installed; the pictures need it.", file=sys.stderr)
        return 1
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        home = Path(folder)
        print("Taking the sample through its life cycle")
        harness.whole_cycle(home, candidates="lr=10,dt=30")
        with harness.running_app(home) as app:
            browser = harness.launch(playwright)
            page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
            page.set_default_timeout(harness.WAIT_MILLISECONDS)
            for name, (address, ready) in PICTURES.items():
                take(page, app, name, address, ready)
            browser.close()
    return 0


def take(page: Any, app: App, name: str, address: str, ready: Callable[[Any], None]) -> None:
    """Open a page, bring it into the state worth showing, save what is seen of it."""
    page.goto(app.link(address, project="sample"))
    page.get_by_role("heading", level=1, name=harness.PAGES[address], exact=True).wait_for()
    settle(page)
    ready(page)
    page.mouse.move(WIDTH - 5, HEIGHT / 2)  # No tooltip, and no toast, over what is to be seen.
    page.wait_for_function("() => !document.querySelector('[data-testid=stToast]')")
    page.wait_for_timeout(1500)  # Charts move for a while.
    path = FOLDER / f"{name}.png"
    path.write_bytes(smaller(page.screenshot()))
    print(f"{path.relative_to(REPOSITORY)}: {path.stat().st_size:,} bytes")


def smaller(picture: bytes) -> bytes:
    """The same picture with a palette. Raises ValueError if it is still too large to commit."""
    from PIL import Image

    out = io.BytesIO()
    Image.open(io.BytesIO(picture)).convert("RGB").quantize(COLOURS).save(out, "PNG", optimize=True)
    if out.tell() > MOST_BYTES:
        raise ValueError(f"A picture has {out.tell():,} bytes; {MOST_BYTES:,} are the most.")
    return out.getvalue()


def as_it_is(page: Any) -> None:
    """Nothing to do first."""


def score_the_file(page: Any) -> None:
    """Press Score, so that the result shows."""
    page.get_by_role("button", name="rows with v").click()
    page.get_by_role("heading", name="rows scored with v").wait_for()
    settle(page)


# The check is recorded last of all that is logged, so that Home, taken at the end, is up to date.
def record_the_check(page: Any) -> None:
    """Press Check, so that Home knows of the latest rows; then show the page from its top."""
    page.get_by_role("button", name="Check and record").click()
    page.get_by_text("Recorded: ").wait_for()
    page.reload()
    page.get_by_role("heading", name="Feature by feature").wait_for()
    settle(page)


PICTURES: dict[str, tuple[str, Callable[[Any], None]]] = {
    "prepare": ("Data_preparation", as_it_is),
    "train": ("Training", as_it_is),
    "compare": ("Model_comparison", as_it_is),
    "score": ("Production_scoring", score_the_file),
    "monitor": ("Drift_monitoring", record_the_check),
    "home": ("", as_it_is),
}

if __name__ == "__main__":
    sys.exit(main())
