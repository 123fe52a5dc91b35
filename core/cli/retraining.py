"""``retrain``: labelled production rows join the training data; the newest of them judge."""

from __future__ import annotations

import argparse
from typing import Any

from core.cli.models import show_progress, train_options
from core.cli.parser import Commands
from core.cli.words import counts, names, project_of
from core.settings import Settings


def add(commands: Commands) -> None:
    """Add this command to the command line."""
    made = commands.add("retrain", retrain, "train on old and labelled production rows; waits")
    made.add_argument("--from", dest="source", default="log", help="log, or a labelled file")
    made.add_argument("--learn", type=float, default=0.5, help="share learnt from, oldest first")
    made.add_argument("--last", type=int, help="only the newest so many labelled rows")
    train_options(made)


def retrain(settings: Settings, options: argparse.Namespace) -> dict[str, Any]:
    """Train challengers and hold them against the champion, on old and on recent rows."""
    from core.services import retraining, training

    project = project_of(settings, options)
    wanted = retraining.plan(
        settings,
        project,
        names(options.models),
        counts(options.n_iter),
        vars(options),
    )
    job = retraining.start(settings, wanted, options.source, options.learn, options.last)
    try:
        return training.wait(settings, project, job.job_id, show_progress)
    except KeyboardInterrupt:
        training.cancel(settings, project, job.job_id)
        raise
