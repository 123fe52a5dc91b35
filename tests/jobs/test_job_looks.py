"""What a look at a job costs and tells: stages, the reason of a death, peak memory."""

from __future__ import annotations

import os
import signal
from datetime import UTC, datetime

import psutil
import pytest

from core import jobs
from core.jobs import post_mortem
from core.jobs.folder import JobFolder
from core.jobs.memory import PeakMemory


def test_the_first_event_comes_before_the_job_s_own_imports(jobs_dir, submit, finished):
    view = finished(submit("no_such_function").job_id)
    (first,) = jobs.events(jobs_dir, view.job_id)[0]
    assert (first.stage, first.fraction) == ("Importing libraries", 0.0)


def test_milestones_are_the_ends_of_each_stage(jobs_dir, submit, finished, monkeypatch):
    view = finished(submit("count", {"to": 40, "seconds": 0.03}).job_id)
    every = jobs.events(jobs_dir, view.job_id)[0]
    first, *counted = every
    assert len(counted) > 2
    assert jobs.milestones(jobs_dir, view.job_id) == [first, counted[0], counted[-1]]

    read_from = []
    read_events = JobFolder.read_events

    def noted(folder, after=0):
        read_from.append(after)
        return read_events(folder, after)

    monkeypatch.setattr(JobFolder, "read_events", noted)
    assert jobs.milestones(jobs_dir, view.job_id)[-1] == every[-1]
    size = JobFolder.existing(jobs_dir, view.job_id).events_file.stat().st_size
    assert read_from == [size], "what has been read once is not read again"


def test_arguments_are_those_of_the_submission(jobs_dir, submit):
    view = submit("count", {"to": 3})
    assert jobs.arguments(jobs_dir, view.job_id) == {"to": 3}


def test_a_killed_worker_says_by_what(jobs_dir, submit, worker_of, eventually):
    job_id = submit("count", {"to": 600, "seconds": 0.1}).job_id
    worker_of(job_id).send_signal(signal.SIGKILL)
    view = eventually(lambda: not (seen := jobs.read(jobs_dir, job_id)).is_live and seen)
    assert view.state == "lost"
    assert "was ended from outside by SIGKILL" in view.message
    assert view.peak_memory_bytes is None


STARTED = {"now": datetime.now(UTC).isoformat(), "long ago": "2001-01-01T00:00:00+00:00"}


@pytest.mark.parametrize(
    ("started", "kills", "code", "said"),
    [
        ("now", 3, -9, "was ended from outside by SIGKILL."),
        ("now", 2, -9, "memory ran out"),
        ("now", None, -9, "by SIGKILL."),
        ("now", 3, 1, "with exit code 1."),
        ("now", 3, -99, "by signal 99."),
        ("now", 3, None, "killed, out of memory, or the machine went down."),
        ("long ago", 2, None, "ended when the machine restarted, "),
    ],
)
def test_reasons(monkeypatch, started, kills, code, said):
    monkeypatch.setattr(post_mortem, "out_of_memory_kills", lambda: 3)
    assert said in post_mortem.reason(7, STARTED[started], kills, code)


def test_kills_for_lack_of_memory_are_read_where_linux_counts_them(monkeypatch, tmp_path):
    monkeypatch.setattr(post_mortem, "_VMSTAT", tmp_path / "vmstat")
    assert post_mortem.out_of_memory_kills() is None
    (tmp_path / "vmstat").write_text("pgfault 12\noom_kill 4\n")
    assert post_mortem.out_of_memory_kills() == 4


def test_peak_memory_counts_children(jobs_dir, submit, finished):
    alone = finished(submit("count", {"to": 1}).job_id).peak_memory_bytes
    held = finished(submit("hold_memory", {"megabytes": 80}).job_id).peak_memory_bytes
    assert alone > 5e6
    assert held > alone + 70e6


def test_peak_memory_outlasts_what_was_given_back():
    memory = PeakMemory()
    before = memory.peak_bytes
    big = bytearray(os.urandom(1) * 60_000_000)
    with_it = memory.peak_bytes
    del big
    assert with_it >= before
    assert memory.peak_bytes >= with_it > psutil.Process().memory_info().rss * 0.5


def test_closed_is_remembered_by_the_job(jobs_dir, submit, finished):
    view = finished(submit("fail").job_id)
    assert not view.is_closed
    jobs.close(jobs_dir, view.job_id)
    assert jobs.read(jobs_dir, view.job_id).is_closed
