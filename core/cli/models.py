"""``train``, ``compare`` and ``promote``: from prepared data to the model in charge."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from core.cli.parser import Commands
from core.cli.words import counts, names, project_of
from core.settings import Settings


def add(commands: Commands) -> None:
    """Add these commands to the command line."""
    train_options(commands.add("train", train, "train, tune, evaluate, register; waits"))
    comparing = commands.add("compare", compare, "paired evidence against the champion")
    comparing.add_argument("--versions", help="comma-separated; default: all")
    promoting = commands.add("promote", promote, "move an alias to a version")
    promoting.add_argument("--version", required=True)
    promoting.add_argument("--alias", default="champion")
    promoting.add_argument("--reason", default="")


def train_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--models", help="comma-separated algorithms, e.g. lr,dt")
    parser.add_argument("--n-iter", help="candidates per algorithm, e.g. lr=100,dt=400")
    parser.add_argument("--minutes", type=float, help="time budget of comparing and tuning")
    parser.add_argument("--find-best", type=int, help="tune only the best so many by ROC AUC")
    parser.add_argument("--threshold", help="a number, f1, youden, or cost:RATIO")
    parser.add_argument("--class-weights", help="none or balanced")
    parser.add_argument("--calibration", help="none, sigmoid or isotonic")


def train(settings: Settings, options: argparse.Namespace) -> dict[str, Any]:
    from core.services import projects, training

    project = project_of(settings, options)
    spec = projects.load_spec(settings, project)
    chosen = spec.training.options.changed(vars(options))
    plan = training.make_plan(spec, names(options.models), counts(options.n_iter), options=chosen)
    job = training.submit(settings, plan)
    try:
        return training.wait(settings, project, job.job_id, show_progress)
    except KeyboardInterrupt:
        training.cancel(settings, project, job.job_id)
        raise


def compare(settings: Settings, options: argparse.Namespace) -> dict[str, Any]:
    from core.services import comparison

    project = project_of(settings, options)
    return comparison.compare(settings, project, names(options.versions) or ())


def promote(settings: Settings, options: argparse.Namespace) -> dict[str, Any]:
    from core.services import comparison

    project = project_of(settings, options)
    return comparison.promote(settings, project, options.version, options.alias, options.reason)


def show_progress(progress: Any) -> None:
    best = f", best {progress.best_score:.4f}" if progress.best_score is not None else ""
    print(
        f"{progress.fraction:4.0%}  {progress.stage} {progress.done}/{progress.total}{best}",
        file=sys.stderr,
    )
