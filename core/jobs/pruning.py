"""Old jobs make room for new ones: the newest ended ones are kept, live ones always."""

from __future__ import annotations

import shutil
from pathlib import Path

from core.jobs import queue
from core.jobs.folder import JobFolder

# Begins with a dot, so that it is no job's name: a folder so renamed is gone for everybody.
_DISCARDED = ".discarded-"


def prune(jobs_dir: Path, keep: int) -> list[str]:
    """Delete the folders of ended jobs beyond the newest ``keep``; returns their ids.

    A queued or running job is never touched, however old, nor does it count; nor is one that
    keeps something whole for a retry. Whoever reads a
    folder meanwhile finds the whole job or none. Does nothing where another process prunes.
    """
    with queue.scheduler_lock(jobs_dir):
        ended = (f for f in JobFolder.newest_first(jobs_dir) if not f.read_state().is_live)
        oldest = [folder for place, folder in enumerate(ended) if place >= keep]
        discarded = [_discard(folder) for folder in oldest if not folder.keeps_something]
    for path in jobs_dir.glob(f"{_DISCARDED}*"):
        shutil.rmtree(path, ignore_errors=True)  # what stays is tried again the next time
    return discarded


def _discard(folder: JobFolder) -> str:
    folder.path.rename(folder.jobs_dir / f"{_DISCARDED}{folder.job_id}")
    queue.forget(folder.path)
    return folder.job_id
