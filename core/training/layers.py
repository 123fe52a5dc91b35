"""What a training leaves in the project's folders, for people who look there."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from core import charts
from core.files import atomic_path, write_json
from core.settings import Settings

if TYPE_CHECKING:
    from core.tracking.models import LoggedModel


def copy_evidence(settings: Settings, project: str, folder: Path, algorithm: str) -> None:
    """Tables and figures of one proven model, as they were logged to its run, to 07 and 08."""
    output = settings.layer(project, "07_model_output")
    reporting = settings.layer(project, "08_reporting")
    for table in (folder / "tables").iterdir():
        _copy(table, (output if table.name.startswith("holdout_") else reporting) / table.name)
    charts.add_library(reporting)
    for figure in (folder / "figures").iterdir():
        _copy(figure, reporting / f"{figure.stem}_{algorithm}{figure.suffix}")


def copy_model(
    settings: Settings,
    project: str,
    version: str,
    algorithm: str,
    metrics: Mapping[str, float | None],
    logged: LoggedModel,
) -> None:
    """A version's file to models/<project>/, with its checksum and what it measured beside it."""
    file = settings.models_dir(project) / f"v{version}_{algorithm}{logged.file.suffix}"
    _copy(logged.file, file)
    write_json(
        file.with_suffix(".json"),
        {
            "version": version,
            "algorithm": algorithm,
            "sha256": logged.sha256,
            "format": logged.file_format,
            "test": metrics,
        },
    )


def _copy(source: Path, target: Path) -> None:
    with atomic_path(target) as temporary:
        shutil.copyfile(source, temporary)
