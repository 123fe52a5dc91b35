"""A job whose disk fills up ends as failed, with one line that says so."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from core import jobs
from core.errors import CourtsideError
from core.files import is_disk_full


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of one megabyte."""
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("mounting a small file system needs root")
    folder = tmp_path / "small"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"no file system can be mounted here: {done.stderr.strip()}")
    yield folder
    (folder / "ballast").unlink(missing_ok=True)
    for view in jobs.list_jobs(folder / "jobs"):
        jobs.cancel(folder / "jobs", view.job_id)
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(folder: Path) -> None:
    """Take every byte that is left."""
    with (folder / "ballast").open("wb", buffering=0) as ballast:
        try:
            while True:
                ballast.write(os.urandom(4096))
        except OSError as exc:
            assert is_disk_full(exc)


def test_the_end_is_written_on_a_full_disk(
    small_disk: Path, eventually: Callable[[Callable[[], Any]], Any]
) -> None:
    jobs_dir = small_disk / "jobs"
    job = jobs.submit(
        jobs_dir,
        entry_point="core.jobs.selftest:count",
        plan={"to": 100_000, "seconds": 0.3},
        kind="selftest",
        title="Count",
    )
    eventually(lambda: any(e.stage == "counting" for e in jobs.events(jobs_dir, job.job_id)[0]))
    fill(small_disk)
    view = jobs.wait(jobs_dir, job.job_id, timeout_seconds=60)
    assert view.state == "failed"
    assert view.message == "The disk is full: make room, then retry."
    (small_disk / "ballast").unlink()
    retried = jobs.retry(jobs_dir, job.job_id)
    assert retried.is_live
    jobs.cancel(jobs_dir, retried.job_id)


@pytest.mark.parametrize(
    ("error", "full"),
    [
        (OSError(28, "No space left on device"), True),
        (CourtsideError("OperationalError: database or disk is full"), True),
        (OSError(13, "Permission denied"), False),
        (None, False),
    ],
)
def test_a_full_disk_is_known_by_its_causes(error: Exception | None, full: bool) -> None:
    assert is_disk_full(error) is full
    outer = RuntimeError("the figure could not be stored")
    outer.__cause__ = error
    assert is_disk_full(outer) is full
