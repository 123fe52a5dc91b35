"""What a job keeps is there for its retries, until it is not needed any more."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from core import jobs
from core.files import write_json
from core.jobs.folder import JobFolder


def test_a_job_and_its_retries_share_what_is_kept(
    jobs_dir: Path,
    submit: Callable[..., jobs.JobView],
    finished: Callable[[str], jobs.JobView],
) -> None:
    first = finished(submit("fail").job_id)
    second = finished(jobs.retry(jobs_dir, first.job_id).job_id)
    third = finished(jobs.retry(jobs_dir, second.job_id).job_id)
    kept = {JobFolder.existing(jobs_dir, job.job_id).kept_dir for job in (first, second, third)}
    assert kept == {jobs_dir / first.job_id / "kept"}


def test_what_succeeded_is_done_anew(
    jobs_dir: Path,
    submit: Callable[..., jobs.JobView],
    finished: Callable[[str], jobs.JobView],
) -> None:
    first = finished(submit("count", {"to": 1}).job_id)
    again = finished(jobs.retry(jobs_dir, first.job_id).job_id)
    folder = JobFolder.existing(jobs_dir, again.job_id)
    assert folder.kept_dir == folder.path / "kept"


def test_what_a_retry_waits_for_is_not_thrown_away(
    jobs_dir: Path,
    submit: Callable[..., jobs.JobView],
    finished: Callable[[str], jobs.JobView],
) -> None:
    waiting, plain = (finished(submit("fail").job_id) for _ in range(2))
    write_json(jobs_dir / waiting.job_id / "kept" / "whole.json", {})
    assert jobs.prune(jobs_dir, 0) == [plain.job_id]
    (jobs_dir / waiting.job_id / "kept" / "whole.json").unlink()
    assert jobs.prune(jobs_dir, 0) == [waiting.job_id]
