"""One command per action, one JSON object with ``--json``, honest exit codes.

0 success · 2 bad input, with a one-line reason that names the fix · 3 ``monitor`` found an alarm,
so that cron and CI can act on it · 1 anything else.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from collections.abc import Sequence
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

from core.cli import logged, models, monitoring, production, projects, retraining, whole
from core.cli.parser import CommandParser, Commands
from core.errors import BadInput, CourtsideError
from core.settings import Settings


def main(arguments: Sequence[str]) -> int:
    """Run one command; returns the exit code."""
    # Some libraries print where they like; standard output is the JSON's alone.
    out = sys.stdout
    _use_own_programs()
    try:
        options = build_parser().parse_args(arguments)
        with redirect_stdout(sys.stderr):
            options.settings = Settings.from_env()
            result = options.run(options.settings, options)
    except BadInput as exc:
        print(f"courtside: {_one_line(exc)}", file=sys.stderr)
        return 2
    except CourtsideError as exc:
        print(f"courtside: {exc}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("courtside: stopped", file=sys.stderr)
        return 1
    except Exception:  # noqa: BLE001 - the last place that can say what happened
        traceback.print_exc()
        return 1
    if options.json:
        print(json.dumps(result, allow_nan=False), file=out)
    else:
        print(_readable(result), file=out)
    return int(getattr(result, "exit_code", 0))


def build_parser() -> CommandParser:
    """Every command with its options; each part of the life cycle adds its own."""
    parser = CommandParser(prog="python -m core", description="Courtside from a terminal.")
    commands = Commands(parser)
    for part in (projects, models, production, monitoring, retraining, logged, whole):
        part.add(commands)
    return parser


def _use_own_programs() -> None:
    """MLflow calls programs by name; they lie beside this interpreter."""
    own = str(Path(sys.executable).parent)
    path = os.environ.get("PATH", "")
    if own not in path.split(os.pathsep):
        os.environ["PATH"] = os.pathsep.join([own, path])


def _one_line(exc: BaseException) -> str:
    return " ".join(str(exc).split())


def _readable(result: dict[str, Any]) -> str:
    """The same as JSON, and the verdict once more where the eye ends up."""
    text = json.dumps(result, indent=2, ensure_ascii=False)
    if isinstance(result.get("verdict"), str):
        text += f"\n\n{result.get('level', '')}: {result['verdict']}"
    return text
