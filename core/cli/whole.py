"""``run``: the whole life in order."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from core.cli.models import train, train_options
from core.cli.parser import Commands
from core.cli.production import files
from core.cli.projects import init, init_options
from core.cli.words import project_of
from core.errors import BadInput
from core.settings import Settings


def add(commands: Commands) -> None:
    """Add this command to the command line."""
    made = commands.add("run", run, "the whole life: prepare, train, compare, score, monitor")
    init_options(made)
    train_options(made)
    made.add_argument("--out", type=Path, help="scored file; default: in 07_model_output")


def run(settings: Settings, options: argparse.Namespace) -> dict[str, Any]:
    from core.services import comparison, monitoring, preparation, projects, retraining, scoring

    if options.dev is not None:
        init(settings, argparse.Namespace(**{**vars(options), "sample": False}))
    project = project_of(settings, options)
    result: dict[str, Any] = {"project": project}
    result["prepare"] = preparation.run(settings, project)
    trained = train(settings, options)
    result["train"] = trained
    result["compare"] = comparison.compare(settings, project)
    production = scoring.production_file(settings, project)
    if production is None:
        spec = projects.load_spec(settings, project)
        raise BadInput(
            f"{project} has no production file to score; give one with --prod FILE or put it at "
            f"data/{project}/01_raw/{spec.prod_file}."
        )
    champion = result["compare"]["champion"]["version"]
    others = [m["version"] for m in trained["models"] if m["version"] != champion]
    out = options.out or scoring.output_path(settings, project, production.name)
    scored = scoring.score_file(settings, project, production, out, also=others, origin="cli")
    result["score"] = {**scored.summary, **files(scored)}
    result["monitor"] = monitoring.monitor(settings, project)[0]
    retraining.prepare(settings, project)
    return result
