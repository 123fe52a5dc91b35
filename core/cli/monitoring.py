"""``monitor``: production against training. An alarm is printed like any answer; exit code 3."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from core.cli.parser import Alarm, Commands
from core.cli.words import moment, project_of
from core.errors import BadInput
from core.settings import Settings


def add(commands: Commands) -> None:
    """Add this command to the command line."""
    made = commands.add("monitor", monitor, "drift, performance, verdict; exit code 3 on alarm")
    made.add_argument("--since", help="ISO 8601, UTC unless it says otherwise")
    made.add_argument("--until", help="ISO 8601, UTC unless it says otherwise")
    made.add_argument("--last", type=int, metavar="N", help="only the N rows logged last")
    made.add_argument("--source", help="only rows from form, batch, rest or cli")
    made.add_argument("--request", help="only the rows of one batch, by its request_id")
    made.add_argument(
        "--labels", type=Path, help="late labels: prediction_id or the row id, and the target"
    )
    made.add_argument(
        "--file", type=Path, help="judge this file instead of the log: drift only, not recorded"
    )
    made.add_argument("--report", type=Path, metavar="HTML", help="write the report here too")


def monitor(settings: Settings, options: argparse.Namespace) -> dict[str, Any]:
    from core.services import monitoring, retraining

    project = project_of(settings, options)
    chosen = (options.since, options.until, options.last, options.source, options.request)
    if options.last is not None and options.last < 1:
        raise BadInput(f"--last takes a number of rows from 1 on; found {options.last}.")
    if options.file is not None:
        if any(chosen) or options.labels:
            raise BadInput("--file judges that file alone; leave the other choices of rows away.")
        report = monitoring.check_file(settings, project, options.file)
        result = monitoring.as_json(report, None)
    else:
        selection = monitoring.Selection(
            moment(options.since),
            moment(options.until),
            options.last,
            options.request,
            options.source,
        )
        result, report = monitoring.monitor(
            settings, project, labels_file=options.labels, selection=selection
        )
        ready = retraining.prepare(settings, project)
        result["retraining"] = ready.as_json() if ready is not None else None
    if options.report is not None:
        monitoring.write_report(settings, project, report, options.report)
    return Alarm(result) if result["level"] == "alarm" else result
