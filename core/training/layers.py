"""What a training leaves in the project's folders, for people who look there."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from core import charts
from core.files import atomic_path, read_json, write_json
from core.settings import Settings
from core.training.figures import figures_of

if TYPE_CHECKING:
    from core.tracking.models import LoggedModel
    from core.training.kept import Trained


def copy_into(
    settings: Settings,
    project: str,
    kept: Path,
    trained: Trained,
    version: str,
    logged: LoggedModel,
) -> None:
    """Tables and figures of one proven model to 07 and 08, its file to models/<project>/."""
    output = settings.layer(project, "07_model_output")
    reporting = settings.layer(project, "08_reporting")
    for table in (kept / "tables").iterdir():
        _copy(table, (output if table.name.startswith("holdout_") else reporting) / table.name)
    evaluation = read_json(kept / "evaluation.json")
    for name, figure in figures_of(evaluation, trained.title).items():
        charts.save(figure, reporting / f"{name}_{trained.algorithm}.html")
        picture = kept / "figures" / f"{name}.png"
        _copy(picture, reporting / f"{name}_{trained.algorithm}.png")
    file = settings.models_dir(project) / f"v{version}_{trained.algorithm}{logged.file.suffix}"
    _copy(logged.file, file)
    write_json(
        file.with_suffix(".json"),
        {
            "version": version,
            "algorithm": trained.algorithm,
            "sha256": logged.sha256,
            "format": logged.file_format,
            "test": trained.metrics,
        },
    )


def _copy(source: Path, target: Path) -> None:
    with atomic_path(target) as temporary:
        shutil.copyfile(source, temporary)
