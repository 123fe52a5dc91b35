"""What a training leaves behind in files and in MLflow, besides the registered version."""

from __future__ import annotations

import math
import shutil
from collections.abc import Sequence
from importlib.metadata import version as installed_version
from typing import TYPE_CHECKING, Any

import numpy as np

from core import charts
from core.dataset import io
from core.dataset.spec import ProjectSpec
from core.evaluation import figures
from core.evaluation.curves import Calibration, PrCurve, RocCurve
from core.files import atomic_path, write_json
from core.settings import Settings
from core.tracking.models import LoggedModel
from core.tracking.runs import RunLog
from core.training.catalogue import Algorithm, title_of

if TYPE_CHECKING:
    import pandas as pd

    from core.training.evaluation import Holdout
    from core.training.pycaret_adapter import Tuned


def plain(values: dict[str, Any]) -> dict[str, Any]:
    """Hyperparameters as JSON: numbers, text, truth values, None; anything else as its text."""
    return {name: _plain(value) for name, value in values.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value if isinstance(value, (bool, int, float, str, type(None))) else str(value)


def figures_and_tables(
    settings: Settings,
    spec: ProjectSpec,
    run: RunLog,
    algorithm: str,
    holdout: Holdout,
    tuned: Tuned,
    test: pd.DataFrame,
) -> None:
    """Holdout predictions, candidates, folds and figures: to MLflow, 07 and 08."""
    run.metrics(holdout.metrics.as_dict(), prefix="test_")
    run.metrics(tuned.cv_means, prefix="cv_")
    run.json(holdout.as_dict(), "evaluation.json")
    output = settings.layer(spec.name, "07_model_output")
    reporting = settings.layer(spec.name, "08_reporting")
    predictions = test.assign(
        probability=holdout.probability,
        probability_negative=1 - holdout.probability,
        prediction=(holdout.probability > holdout.metrics.threshold).astype(int),
    )
    tables = {
        output / f"holdout_{algorithm}.parquet": predictions,
        output / f"holdout_{algorithm}.csv": predictions,
        reporting / f"candidates_{algorithm}.csv": tuned.candidates,
        reporting / f"folds_{algorithm}.csv": tuned.folds,
    }
    for path, table in tables.items():
        io.write_table(table, path)
        run.file(path, "tables")
    for name, figure in holdout_figures(holdout, title_of(algorithm)).items():
        charts.save(figure, reporting / f"{name}_{algorithm}.html")
        run.figure(figure, f"figures/{name}.html")


def comparison(
    settings: Settings, spec: ProjectSpec, run: RunLog, rows: Sequence[dict[str, Any]]
) -> None:
    """The algorithms as they were compared before tuning, best first: to MLflow and 08."""
    import pandas as pd

    path = settings.layer(spec.name, "08_reporting") / "compared_algorithms.csv"
    io.write_table(pd.DataFrame(list(rows)), path)
    run.file(path, "tables")


def requirements(algorithm: Algorithm) -> list[str]:
    """What the model's environment needs besides scikit-learn and its like."""
    name = algorithm.package
    return [f"{name}=={installed_version(name)}"] if name else []


def holdout_figures(holdout: Holdout, title: str) -> dict[str, Any]:
    """Plotly figures of one model on the holdout, by name."""
    return {
        "roc": figures.roc_figure({title: RocCurve.from_dict(holdout.curves["roc"])}, title),
        "precision_recall": figures.pr_figure(
            {title: PrCurve.from_dict(holdout.curves["precision_recall"])}, title
        ),
        "calibration": figures.calibration_figure(
            {title: Calibration.from_dict(holdout.curves["calibration"])}
        ),
        "confusion": figures.confusion_figure(holdout.metrics),
        "importance": figures.importance_figure(holdout.importance),
    }


def model_file(
    settings: Settings,
    spec: ProjectSpec,
    algorithm: str,
    version: str,
    logged: LoggedModel,
    holdout: Holdout,
) -> None:
    """A copy of the model's file in models/<project>/, with its checksum beside it."""
    folder = settings.models_dir(spec.name)
    target = folder / f"v{version}_{algorithm}{logged.file.suffix}"
    with atomic_path(target) as temporary:
        shutil.copyfile(logged.file, temporary)
    write_json(
        target.with_suffix(".json"),
        {
            "version": version,
            "algorithm": algorithm,
            "sha256": logged.sha256,
            "format": logged.file_format,
            "test": holdout.metrics.as_dict(),
        },
    )
