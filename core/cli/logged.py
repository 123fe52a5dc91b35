"""``log`` and ``replay``: what has been predicted, looked after and asked again."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from core.cli.parser import Commands, NotWhole
from core.cli.words import moment, project_of
from core.settings import Settings


def add(commands: Commands) -> None:
    """Add these commands to the command line."""
    looking = commands.add("log", log, "the inference log: its files and rows")
    doing = looking.add_mutually_exclusive_group()
    doing.add_argument("--verify", action="store_true", help="read every row; exit 1 on a problem")
    doing.add_argument(
        "--rebuild", action="store_true", help="make the commit record and the index anew"
    )
    again = commands.add("replay", replay, "logged rows through another version; nothing is logged")
    again.add_argument("--version", required=True, help="alias or version to ask")
    again.add_argument("--since", help="ISO 8601, UTC unless it says otherwise")
    again.add_argument("--until", help="ISO 8601, UTC unless it says otherwise")
    again.add_argument("--last", type=int, help="only the last so many rows")
    again.add_argument("--source", help="only rows from form, batch, rest or cli")
    again.add_argument("--scored-by", help="only rows that this version scored")
    again.add_argument("--out", type=Path, help="every row with both answers, .parquet or .csv")


def log(settings: Settings, options: argparse.Namespace) -> dict[str, Any]:
    from core.services import inference_log

    project = project_of(settings, options)
    if options.rebuild:
        return inference_log.rebuild(settings, project)
    if not options.verify:
        return inference_log.status(settings, project)
    found = inference_log.verify(settings, project)
    for sentence in (*found["notes"], *found["problems"]):
        print(sentence, file=sys.stderr)
    return found if found["whole"] else NotWhole(found)


def replay(settings: Settings, options: argparse.Namespace) -> dict[str, Any]:
    from core.services import replay

    project = project_of(settings, options)
    which = replay.Which(
        since=moment(options.since),
        until=moment(options.until),
        source=options.source,
        scored_by=options.scored_by.removeprefix("v") if options.scored_by else None,
        last_rows=options.last,
    )
    return replay.run(settings, project, options.version, which, options.out).summary
