"""The first and the last event of each stage: all that a look at a long job needs.

A job of hours writes tens of thousands of events. A process reads each of them once, however
often it is asked, and remembers few.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from pathlib import Path

from core.jobs.folder import JobFolder
from core.jobs.views import Progress

_REMEMBERED_JOBS = 64


@dataclass
class _Heard:
    """What has been read of one job: up to which byte, and the stages so far."""

    offset: int = 0
    stages: list[list[Progress]] = field(default_factory=list)

    def hear(self, event: Progress) -> None:
        if self.stages and self.stages[-1][0].stage == event.stage:
            self.stages[-1][1:] = [event]
        else:
            self.stages.append([event])


_heard: OrderedDict[Path, _Heard] = OrderedDict()
_lock = threading.Lock()


def milestones(jobs_dir: Path, job_id: str) -> list[Progress]:
    """The first and the newest event of each stage, oldest first; a stage may come again.

    Raises BadInput where there is no such job.
    """
    folder = JobFolder.existing(jobs_dir, job_id)
    with _lock:
        heard = _heard.setdefault(folder.path, _Heard())
        _heard.move_to_end(folder.path)
        while len(_heard) > _REMEMBERED_JOBS:
            _heard.popitem(last=False)
        fresh, heard.offset = folder.read_events(heard.offset)
        for event in fresh:
            heard.hear(event)
        return [event for stage in heard.stages for event in stage]
