"""Order, room and fairness of the queue, also with several processes at it."""

from __future__ import annotations

import subprocess
import sys

from core import jobs
from core.jobs.folder import JobFolder
from core.settings import REPOSITORY

SUBMITTER = """
import sys
from pathlib import Path
from core import jobs
sys.stdin.readline()
for _ in range(5):
    view = jobs.submit(Path(sys.argv[1]), entry_point="core.jobs.selftest:count",
                       plan={"to": 2, "seconds": 0.02}, kind="selftest", title="Race")
    print(view.job_id, flush=True)
"""


def overlaps(views: list[jobs.JobView]) -> int:
    """The largest number of jobs that ran at one moment."""
    marks = [(view.started_at, 1) for view in views] + [(view.finished_at, -1) for view in views]
    running = peak = 0
    for _, change in sorted(marks):
        running += change
        peak = max(peak, running)
    return peak


def test_jobs_run_one_after_the_other_in_order(submit, finished):
    made = [submit("count", {"to": 2, "seconds": 0.05}) for _ in range(3)]
    assert [view.state for view in made] == ["running", "queued", "queued"]
    ended = [finished(view.job_id) for view in made]
    assert [view.state for view in ended] == ["succeeded"] * 3
    assert overlaps(ended) == 1
    assert [view.started_at for view in ended] == sorted(view.started_at for view in ended)


def test_as_many_run_at_once_as_there_is_room_for(submit):
    long = {"to": 600, "seconds": 0.1}
    made = [submit("count", long, at_once=2).state for _ in range(3)]
    assert made == ["running", "running", "queued"]


def test_worker_starts_the_next_job_by_itself(jobs_dir, submit, eventually):
    submit("count", {"to": 2, "seconds": 0.05})
    folder = JobFolder.existing(jobs_dir, submit("count", {"to": 4}).job_id)
    eventually(lambda: not folder.read_state().is_live)  # reads the file, advances nothing
    assert folder.view().result == {"counted": 4}


def test_failed_job_does_not_hold_up_the_next(jobs_dir, submit, eventually):
    submit("fail")
    folder = JobFolder.existing(jobs_dir, submit("count", {"to": 4}).job_id)
    eventually(lambda: not folder.read_state().is_live)
    assert folder.view().state == "succeeded"


def test_cancel_starts_the_next_job(jobs_dir, submit, finished):
    first = submit("count", {"to": 600, "seconds": 0.1})
    second = submit("count", {"to": 2})
    jobs.cancel(jobs_dir, first.job_id)
    assert JobFolder.existing(jobs_dir, second.job_id).read_state().state != "queued"
    assert finished(second.job_id).state == "succeeded"


def test_advance_reaps_a_killed_worker_and_starts_the_next(
    jobs_dir, submit, finished, worker_of, eventually
):
    first = submit("count", {"to": 600, "seconds": 0.1})
    second = submit("count", {"to": 2})
    assert jobs.advance(jobs_dir, 1) == []
    worker_of(first.job_id).kill()
    assert eventually(lambda: jobs.advance(jobs_dir, 1)) == [second.job_id]
    assert jobs.read(jobs_dir, first.job_id).state == "lost"
    assert finished(second.job_id).state == "succeeded"


def test_advance_of_nothing_makes_nothing(jobs_dir):
    assert jobs.advance(jobs_dir, 1) == []
    assert not jobs_dir.exists()


def test_twenty_jobs_of_four_processes_at_once_run_once_each_and_one_at_a_time(jobs_dir, finished):
    submitters = [
        subprocess.Popen(
            [sys.executable, "-c", SUBMITTER, str(jobs_dir)],
            cwd=REPOSITORY,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    for submitter in submitters:  # all wait for a line, so that they begin together
        submitter.stdin.write("go\n")
        submitter.stdin.flush()
    made = [job_id for submitter in submitters for job_id in submitter.communicate()[0].split()]
    assert [submitter.returncode for submitter in submitters] == [0] * 4

    ended = [finished(job_id) for job_id in sorted(made)]
    assert len(set(made)) == 20 == len(jobs.list_jobs(jobs_dir))
    assert [view.result for view in ended] == [{"counted": 2}] * 20
    assert overlaps(ended) == 1
    for view in ended:  # a double start would have counted twice
        dones = [event.done for event in jobs.events(jobs_dir, view.job_id)[0]]
        assert sorted(set(dones)) == dones
