"""Background jobs: processes of their own, whose whole state is a folder on disk.

A job outlives the page, the session and the server that started it. Nothing here knows what a
job does: an entry point is a function ``(plan, reporter) -> dict`` of a module in ``core``.

    queued ──> running ──> succeeded | failed | cancelled | lost
       └─────────────────────────────────> cancelled | failed (its worker could not be started)

The states on the right never change again.
"""

from core.jobs.control import arguments, cancel, close, events, list_jobs, log_tail, read, wait
from core.jobs.milestones import milestones
from core.jobs.pruning import prune
from core.jobs.queue import advance, retry, submit
from core.jobs.reporter import Reporter
from core.jobs.views import JobView, Progress, by_end

__all__ = [
    "JobView",
    "Progress",
    "Reporter",
    "advance",
    "arguments",
    "by_end",
    "cancel",
    "close",
    "events",
    "list_jobs",
    "log_tail",
    "milestones",
    "prune",
    "read",
    "retry",
    "submit",
    "wait",
]
