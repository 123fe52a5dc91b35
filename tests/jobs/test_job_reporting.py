"""Progress, log and views as files: throttled, torn, absent."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest

from core import jobs
from core.jobs.folder import JobFolder, JobState, Plan, new_job_id
from core.jobs.reporter import Reporter, StopRequested
from core.jobs.views import utc_now


@pytest.fixture
def folder(jobs_dir: Path) -> JobFolder:
    made = JobFolder(jobs_dir / new_job_id())
    plan = Plan("core.jobs.selftest:count", {"to": 1}, "selftest", "By hand", {}, 1)
    made.create(plan, JobState("selftest", "By hand", "queued", utc_now()))
    return made


@pytest.fixture
def clock() -> list[float]:
    return [0.0]


@pytest.fixture
def reporter(folder: JobFolder, clock: list[float]) -> Reporter:
    return Reporter(folder, clock=lambda: clock[0])


def dones(folder: JobFolder) -> list[int]:
    return [event.done for event in folder.read_events()[0]]


def test_reports_are_throttled_but_the_last_is_never_lost(folder, reporter, clock):
    for step in range(10):
        reporter.report("tuning", step, 100, step / 100)
        clock[0] += 0.1
    assert dones(folder) == [0, 3, 6, 9]
    reporter.report("tuning", 10, 100, 0.1)
    assert dones(folder)[-1] == 9
    reporter.flush()
    reporter.flush()
    assert dones(folder) == [0, 3, 6, 9, 10]


def test_stage_changes_and_completions_are_written_at_once(folder, reporter):
    reporter.report("lr", 1, 3, 0.1)
    reporter.report("lr", 2, 3, 0.2)
    reporter.report("lr", 3, 3, 0.3)
    reporter.report("dt", 1, 3, 0.4)
    found = [(event.stage, event.done) for event in folder.read_events()[0]]
    assert found == [("lr", 1), ("lr", 3), ("dt", 1)]


def test_what_json_cannot_hold_is_mended(folder, reporter):
    reporter.report("a", 1, 2, float("nan"), best_score=float("inf"))
    reporter.report("b", 1, 2, 1.7, best_score=0.61, detail="é\n" * 2000)
    first, second = folder.read_events()[0]
    assert (first.fraction, first.best_score) == (0.0, None)
    assert (second.fraction, second.best_score, len(second.detail)) == (1.0, 0.61, 500)
    assert folder.last_event() == second


def test_report_after_a_stop_raises_again(folder, reporter):
    reporter.report("a", 1, 2, 0.5)
    reporter.request_stop()
    with pytest.raises(StopRequested):
        reporter.report("a", 2, 2, 1.0)
    assert dones(folder) == [1]


def test_torn_last_line_waits_for_its_end(jobs_dir, folder, reporter):
    reporter.report("a", 1, 2, 0.5)
    first = folder.events_file.read_bytes()
    torn, rest = first[:20], first[20:]
    with folder.events_file.open("ab") as stream:
        stream.write(torn)
    found, offset = jobs.events(jobs_dir, folder.job_id)
    assert len(found) == 1 and offset == len(first)
    assert jobs.read(jobs_dir, folder.job_id).progress == found[0]

    with folder.events_file.open("ab") as stream:
        stream.write(rest)
    assert jobs.events(jobs_dir, folder.job_id, offset) == (found, 2 * len(first))
    assert jobs.events(jobs_dir, folder.job_id, 2 * len(first)) == ([], 2 * len(first))


@pytest.mark.parametrize("line", [b"{\n", b"[1]\n", b"{}\n", b"\xff\xfe\n", b"null\n", b"\n"])
def test_line_that_is_no_event_is_passed_over(folder, reporter, line):
    reporter.report("a", 1, 3, 0.3)
    with folder.events_file.open("ab") as stream:
        stream.write(line)
    assert folder.last_event().done == 1
    reporter.report("b", 2, 3, 0.6)
    assert dones(folder) == [1, 2]


def test_before_the_first_event_and_the_first_print(jobs_dir, folder):
    assert jobs.events(jobs_dir, folder.job_id) == ([], 0)
    assert jobs.log_tail(jobs_dir, folder.job_id) == ""
    assert folder.view().progress is None


def test_log_tail_shows_the_last_lines_and_the_last_stand_of_a_bar(jobs_dir, folder):
    folder.log_file.write_bytes(b"one\ntwo\r\n 10%\r 50%\r100%\nbad \xff\n")
    assert jobs.log_tail(jobs_dir, folder.job_id, 3) == "two\n100%\nbad �"
    assert jobs.log_tail(jobs_dir, folder.job_id, 0) == ""


def test_view_is_frozen(folder):
    view = folder.view()
    with pytest.raises(FrozenInstanceError):
        view.state = "succeeded"


def test_ids_sort_by_age():
    ids = [new_job_id() for _ in range(200)]
    assert len(set(ids)) == 200
    assert [job_id[:22] for job_id in ids] == sorted(job_id[:22] for job_id in ids)
