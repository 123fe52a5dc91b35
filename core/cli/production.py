"""``score`` and ``serve``: the model at work."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from core.cli.parser import Commands
from core.cli.words import names, project_of
from core.settings import Settings


def add(commands: Commands) -> None:
    """Add these commands to the command line."""
    scoring = commands.add("score", score, "score a parquet or CSV, log every row")
    scoring.add_argument("file", type=Path)
    scoring.add_argument("--out", type=Path, required=True, help="scored file, .parquet or .csv")
    scoring.add_argument("--model", default="champion", help="alias or version")
    scoring.add_argument("--also", default="", help="other versions on the same rows, not logged")
    serving = commands.add("serve", serve, "the champion behind MLflow's REST server")
    serving.add_argument("--port", type=int)
    serving.add_argument("--host", help="address to listen on; default: this machine alone")
    doing = serving.add_mutually_exclusive_group()
    doing.add_argument("--stop", action="store_true")
    doing.add_argument("--status", action="store_true", help="state, health, version, log")


def score(settings: Settings, options: argparse.Namespace) -> dict[str, Any]:
    from core.services import scoring

    project = project_of(settings, options)
    result = scoring.score_file(
        settings,
        project,
        options.file,
        options.out,
        model=options.model,
        also=names(options.also) or (),
        origin="cli",
    )
    return {**result.summary, **files(result)}


def serve(settings: Settings, options: argparse.Namespace) -> dict[str, Any]:
    from core.services import serving

    project = project_of(settings, options)
    if options.stop:
        return serving.stop(settings, project)
    if options.status:
        return serving.watch(settings, project)
    return serving.start(settings, project, options.port, options.host)


def files(scored: Any) -> dict[str, str | None]:
    """Where the scored rows and the rejected ones went."""
    rejected = scored.rejected
    return {"out": str(scored.output), "rejected": str(rejected) if rejected else None}
