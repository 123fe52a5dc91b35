"""Old jobs make room; live ones never do, and a reader finds a whole job or none."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from core import jobs
from core.errors import BadInput
from core.jobs import queue
from core.jobs.folder import JobFolder, JobState, Plan


def made(jobs_dir: Path, number: int, state: str = "succeeded") -> str:
    """A job folder as it would stand on disk after its end; a larger number is a newer job."""
    folder = JobFolder(jobs_dir / f"20260101T{number:012d}Z-0000abcd")
    moment = "2026-01-01T00:00:00+00:00"
    folder.create(
        Plan("core.jobs.selftest:count", {"to": 1}, "selftest", "Count", {}, 1),
        JobState("selftest", "Count", state, moment, moment, moment),  # type: ignore[arg-type]
    )
    if state == "succeeded":
        folder.write_result({"counted": number})
    return folder.job_id


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Ids of the jobs whose state was read from disk, in order."""
    read: list[str] = []
    read_state = JobFolder.read_state

    def counted(folder: JobFolder) -> Any:
        read.append(folder.job_id)
        return read_state(folder)

    monkeypatch.setattr(JobFolder, "read_state", counted)
    return read


def test_the_newest_ended_jobs_stay(jobs_dir: Path) -> None:
    ids = [made(jobs_dir, n, "failed" if n % 2 else "succeeded") for n in range(6)]
    assert jobs.prune(jobs_dir, keep=4) == ids[1::-1]
    assert [view.job_id for view in jobs.list_jobs(jobs_dir)] == ids[:1:-1]
    assert jobs.read(jobs_dir, ids[4]).result == {"counted": 4}
    with pytest.raises(BadInput, match="no job"):
        jobs.retry(jobs_dir, ids[0])
    assert jobs.prune(jobs_dir, keep=4) == []
    assert not list(jobs_dir.glob(".discarded-*"))


def test_live_jobs_are_never_removed_nor_counted(jobs_dir, submit) -> None:
    running = submit("count", {"to": 600, "seconds": 0.1}).job_id
    queued = submit("count", {"to": 1}).job_id
    ended = made(jobs_dir, 1)
    assert jobs.prune(jobs_dir, keep=1) == []
    assert jobs.prune(jobs_dir, keep=0) == [ended]
    assert [view.job_id for view in jobs.list_jobs(jobs_dir)] == [queued, running]


def test_what_an_interrupted_pruning_left_goes_the_next_time(jobs_dir: Path) -> None:
    job_id = made(jobs_dir, 1)
    (jobs_dir / job_id).rename(jobs_dir / f".discarded-{job_id}")
    assert jobs.list_jobs(jobs_dir) == []
    assert jobs.prune(jobs_dir, keep=5) == []
    assert not list(jobs_dir.glob(".discarded-*"))


def test_a_job_removed_between_listing_and_reading_is_passed_over(
    jobs_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [made(jobs_dir, n) for n in range(3)]
    newest_first = JobFolder.newest_first

    def then_one_goes(folder: Path, *more: Any, **options: Any) -> Any:
        found = list(newest_first(folder, *more, **options))
        shutil.rmtree(jobs_dir / ids[1], ignore_errors=True)
        return iter(found)

    monkeypatch.setattr(JobFolder, "newest_first", then_one_goes)
    assert [view.job_id for view in jobs.list_jobs(jobs_dir, "selftest")] == [ids[2], ids[0]]
    assert [view.job_id for view in jobs.list_jobs(jobs_dir)] == [ids[2], ids[0]]
    assert jobs.advance(jobs_dir) == []


def test_a_poll_reads_few_of_a_thousand_jobs(jobs_dir: Path, reads: list[str]) -> None:
    for number in range(1000):
        made(jobs_dir, number)
    assert len(jobs.list_jobs(jobs_dir, "selftest", limit=20)) == 20
    assert len(set(reads)) == 20
    jobs.advance(jobs_dir)  # the first look must find those that wait
    reads.clear()
    assert jobs.advance(jobs_dir) == []
    assert reads == []
    assert len(jobs.prune(jobs_dir, keep=200)) == 800
    assert len([path for path in queue._ended if path.parent == jobs_dir.resolve()]) == 200
