"""``log`` and ``replay``: what has been predicted, looked after and asked again."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from core.cli.parser import Commands, NotWhole
from core.cli.words import project_of
from core.settings import Settings


def add(commands: Commands) -> None:
    """Add these commands to the command line."""
    looking = commands.add("log", log, "the inference log: its files and rows")
    doing = looking.add_mutually_exclusive_group()
    doing.add_argument("--verify", action="store_true", help="read every row; exit 1 on a problem")
    doing.add_argument(
        "--rebuild", action="store_true", help="make the commit record and the index anew"
    )


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
