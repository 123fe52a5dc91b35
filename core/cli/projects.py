"""``init`` and ``prepare``: from files to prepared layers."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from core.cli.parser import Commands
from core.cli.words import project_of
from core.errors import BadInput
from core.settings import Settings


def add(commands: Commands) -> None:
    """Add these commands to the command line."""
    made = commands.add("init", init, "make a project from files, or the sample")
    init_options(made)
    made.add_argument("--sample", action="store_true", help="the synthetic shooter")
    made.add_argument("--if-missing", action="store_true", help="leave a sample that is there")
    preparing = commands.add("prepare", prepare, "clean, derive, split, write the layers")
    preparing.add_argument("--test-size", type=float, help="share of rows held out")
    preparing.add_argument("--seed", type=int, help="seed of the split")


def init_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--dev", type=Path, help="development file (parquet or CSV)")
    parser.add_argument("--prod", type=Path, help="production file (parquet or CSV)")
    parser.add_argument("--spec", type=Path, help="specification (YAML)")


def init(settings: Settings, options: argparse.Namespace) -> dict[str, Any]:
    from core.services import projects

    if options.sample:
        if options.dev or options.prod or options.spec or options.project not in (None, "sample"):
            raise BadInput("--sample makes the project 'sample' and takes no files.")
        return projects.init_sample(settings, options.if_missing).as_dict()
    if options.dev is None:
        raise BadInput("Give the development file with --dev FILE, or make the sample: --sample.")
    if options.project is None:
        raise BadInput("Name the new project with --project NAME.")
    made = projects.init_files(settings, options.project, options.dev, options.prod, options.spec)
    return made.as_dict()


def prepare(settings: Settings, options: argparse.Namespace) -> dict[str, Any]:
    from core.services import preparation

    project = project_of(settings, options)
    size = options.test_size
    if size is not None and not 0.01 <= size <= 0.9:
        raise BadInput(f"--test-size is a share from 0.01 to 0.9; found {size}.")
    return preparation.run(settings, project, size, options.seed)
