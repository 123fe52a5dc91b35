"""`train`, `compare`, `register`, `promote`, `card`, `reproduce`: up to the model in charge."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from core.cli.parser import Commands
from core.cli.words import counts, names, project_of
from core.settings import Settings


def add(commands: Commands) -> None:
    """Add these commands to the command line."""
    train_options(commands.add("train", train, "train, tune, evaluate, register; waits"))
    comparing = commands.add("compare", compare, "paired evidence against the champion")
    comparing.add_argument(
        "--versions", help="comma-separated, also models of runs (run-3f2a1b9c); default: all"
    )
    registering = commands.add("register", register, "make a version of the model of a run")
    registering.add_argument(
        "--run", dest="run_name", required=True, help="its id, or run-3f2a1b9c"
    )
    promoting = commands.add("promote", promote, "move an alias to a version")
    promoting.add_argument("--version", required=True)
    promoting.add_argument("--alias", default="champion")
    promoting.add_argument("--reason", default="", help="why; on record for those who ask later")
    carding = commands.add("card", card, "a version's model card, as HTML and Markdown")
    carding.add_argument("--version", default="champion")
    carding.add_argument("--out", type=Path, help="folder; default: models/PROJECT")
    again = commands.add("reproduce", reproduce, "train a version again exactly; waits")
    again.add_argument("--version", required=True)


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


def register(settings: Settings, options: argparse.Namespace) -> dict[str, Any]:
    from core.services import registration

    return registration.register(settings, project_of(settings, options), options.run_name)


def promote(settings: Settings, options: argparse.Namespace) -> dict[str, Any]:
    from core.services import promotion

    project = project_of(settings, options)
    result = promotion.promote(settings, project, options.version, options.alias, options.reason)
    if result["warning"]:
        print(f"courtside: {result['warning']} It is on record so.", file=sys.stderr)
    return result


def card(settings: Settings, options: argparse.Namespace) -> dict[str, Any]:
    from core.services import model_card

    project = project_of(settings, options)
    folder = options.out or settings.models_dir(project)
    return model_card.write(settings, project, options.version, folder)


def reproduce(settings: Settings, options: argparse.Namespace) -> dict[str, Any]:
    from core.services import reproduction, training

    project = project_of(settings, options)
    ordered = reproduction.order(settings, project, options.version)
    job = training.submit(settings, ordered.plan)
    try:
        result = training.wait(settings, project, job.job_id, show_progress)
    except KeyboardInterrupt:
        training.cancel(settings, project, job.job_id)
        raise
    return reproduction.conclude(settings, project, ordered, result)


def show_progress(progress: Any) -> None:
    best = f", best {progress.best_score:.4f}" if progress.best_score is not None else ""
    print(
        f"{progress.fraction:4.0%}  {progress.stage} {progress.done}/{progress.total}{best}",
        file=sys.stderr,
    )
