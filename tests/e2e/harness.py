"""What the end-to-end tests and the pictures share: the app as its own process, and Chromium."""

from __future__ import annotations

import csv
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import psutil

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Playwright

REPOSITORY = Path(__file__).resolve().parents[2]
START_SECONDS = 90
# Generous: a shared machine may be busy. Nothing waits this long when all is well.
WAIT_MILLISECONDS = 60_000

# The address of each page and the title it paints.
PAGES = {
    "": "Courtside",
    "Data_preparation": "Data preparation",
    "Training": "Training",
    "Model_comparison": "Model comparison",
    "Production_scoring": "Production scoring",
    "Drift_monitoring": "Drift monitoring",
}

_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@dataclass(frozen=True)
class App:
    """A running app: its address, and the workspace it works in."""

    url: str
    home: Path
    log: Path

    def link(self, page: str = "", **query: str) -> str:
        """A deep link, e.g. ``link("Training", project="sample")``."""
        return f"{self.url}/{page}" + (f"?{urlencode(query)}" if query else "")


@contextmanager
def running_app(home: Path, script: Path | str = "Home.py") -> Iterator[App]:
    """The app on a free port with ``home`` as its workspace; its process tree ends with the block.

    ``script``: another Streamlit script to run in its place.

    Raises RuntimeError with the end of its log if it does not answer.
    """
    home.mkdir(parents=True, exist_ok=True)
    port, log = free_port(), home / "server.log"
    command = [sys.executable, "-m", "streamlit", "run", str(script), "--server.port", str(port)]
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, cwd=REPOSITORY, env=environment(home), stdout=out, stderr=subprocess.STDOUT
        )
    app = App(f"http://localhost:{port}", home, log)
    try:
        _wait_until_healthy(app, process)
        yield app
    finally:
        _end_tree(process)


def environment(home: Path) -> dict[str, str]:
    """The environment of the app and of commands beside it: the workspace, bytecode written."""
    left_out = ("PYTHONDONTWRITEBYTECODE", "MLFLOW_TRACKING_URI")
    kept = {name: value for name, value in os.environ.items() if name not in left_out}
    return kept | {"COURTSIDE_HOME": str(home)}


def command(home: Path, *arguments: str) -> None:
    """Run ``python -m core ARGUMENTS`` on a workspace; RuntimeError with its output if it fails."""
    done = subprocess.run(
        [sys.executable, "-m", "core", *arguments],
        cwd=REPOSITORY,
        env=environment(home),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"core {' '.join(arguments)} failed:\n{done.stderr[-3000:]}")


def whole_cycle(home: Path, candidates: str = "lr=2,dt=2") -> None:
    """Make the sample in ``home`` and take it through the whole life cycle."""
    command(home, "init", "--sample")
    command(home, "run", "--project", "sample", "--n-iter", candidates)


def chromium_path() -> str | None:
    """The installed Chromium, or None."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


def launch(playwright: Playwright) -> Browser:
    """Chromium as the tests use it; call only where ``chromium_path`` finds one."""
    return playwright.chromium.launch(executable_path=chromium_path(), args=list(_FLAGS))


def settle(page: Page) -> None:
    """Wait until the script behind the page has run through and no placeholder is left."""
    page.locator(
        "[data-testid=stApp][data-test-connection-state=CONNECTED]"
        "[data-test-script-state=notRunning]"
    ).wait_for(state="attached")
    page.wait_for_function(
        "() => !document.querySelector('[data-testid=stSkeleton], [data-testid=stSpinner],"
        " [data-testid=stStatusWidget]')"
    )


def log_records(app: App, project: str = "sample") -> list[dict[str, str]]:
    """The project's inference log as a person would read it, oldest first."""
    path = app.home / "data" / project / "07_model_output" / "inference_log.csv"
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_healthy(app: App, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{app.url}/_stcore/health", timeout=2) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, TimeoutError, ConnectionError):
            time.sleep(0.2)
    tail = app.log.read_text(encoding="utf-8", errors="replace")[-3000:]
    raise RuntimeError(f"The app did not start:\n{tail}")


def _end_tree(process: subprocess.Popen[bytes]) -> None:
    """End the app and whatever it started, trainings included, and nothing else."""
    try:
        parent = psutil.Process(process.pid)
        tree = [parent, *parent.children(recursive=True)]
    except psutil.NoSuchProcess:
        tree = []
    for one in tree:
        with _gone_is_fine():
            one.terminate()
    _, alive = psutil.wait_procs(tree, timeout=10)
    for one in alive:
        with _gone_is_fine():
            one.kill()
    process.wait(timeout=10)


@contextmanager
def _gone_is_fine() -> Iterator[None]:
    try:
        yield
    except psutil.NoSuchProcess:
        return
