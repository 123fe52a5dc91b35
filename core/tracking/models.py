"""Models into MLflow and back: skops where it can, a checked joblib-style file where it cannot."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.dataset import shipped_code
from core.errors import IntegrityError
from core.files import sha256_of
from core.settings import Settings
from core.tracking.store import client, mapped_errors

if TYPE_CHECKING:
    import pandas as pd

    from core.tracking.registry import Version

# Libraries whose own classes a model file may hold without running foreign code.
_TRUSTED_HOMES = ("sklearn.", "numpy.", "scipy.", "lightgbm.", "xgboost.", "catboost.")


@dataclass(frozen=True)
class LoggedModel:
    """Where a model was stored and the checksum of its file."""

    uri: str
    file: Path
    sha256: str
    file_format: str


def log_model(
    settings: Settings,
    run_id: str,
    pipeline: Any,
    example: pd.DataFrame,
    code_files: Sequence[Path],
    own_types: Sequence[str],
    extra_requirements: Sequence[str] = (),
) -> LoggedModel:
    """Store a fitted pipeline in a run; the served function is ``predict_proba``.

    ``example``: a few raw rows, shape (k, raw columns); its columns become the signature. Not
    registered yet.
    """
    import mlflow
    from mlflow.models import ModelSignature

    client(settings)
    trusted = _trusted_types(pipeline, own_types)
    packages = ["scikit-learn", "numpy", "pandas", "scipy"]
    packages.append("cloudpickle" if trusted is None else "skops")
    options: dict[str, Any] = {"serialization_format": "cloudpickle"}
    if trusted is not None:
        options = {"serialization_format": "skops", "skops_trusted_types": trusted}
    with warnings.catch_warnings(), mapped_errors("store the model"):
        warnings.simplefilter("ignore")
        with mlflow.start_run(run_id=run_id):
            info = mlflow.sklearn.log_model(
                pipeline,
                name="model",
                signature=ModelSignature(*_schemas(list(example.columns))),
                input_example=example,
                code_paths=[str(path) for path in code_files],
                pip_requirements=[
                    *(f"{name}=={installed_version(name)}" for name in packages),
                    *extra_requirements,
                ],
                pyfunc_predict_fn="predict_proba",
                **options,
            )
        file = _model_file(Path(mlflow.artifacts.download_artifacts(info.model_uri)))
    return LoggedModel(info.model_uri, file, sha256_of(file), options["serialization_format"])


def _schemas(columns: Sequence[str]) -> tuple[Any, Any]:
    """What the served model takes and gives: MLflow checks the names, the model reads the values.

    MLflow's own conversions would refuse whole numbers where training had decimals, and turn a
    missing truth value, or the text "false", into something else without a word. The model reads
    every value just as batch scoring does, and refuses what it cannot read.
    """
    import numpy as np
    from mlflow.types import Schema, TensorSpec
    from mlflow.types.schema import AnyType, ColSpec

    taken = Schema([ColSpec(AnyType(), name) for name in columns])
    return taken, Schema([TensorSpec(np.dtype("float64"), (-1, 2))])


def load_pipeline(settings: Settings, version: Version) -> Any:
    """The scikit-learn pipeline of a registered version, kept in memory once loaded.

    Raises IntegrityError if the file is not the one that was registered.
    """
    return _load(settings, version.source, version.tags.get("model_sha256", ""))


@lru_cache(maxsize=12)
def _load(settings: Settings, source: str, sha256: str) -> Any:
    client(settings)
    import mlflow

    with warnings.catch_warnings(), mapped_errors("load the model"):
        warnings.simplefilter("ignore")
        shipped_code.load_all()
        folder = Path(mlflow.artifacts.download_artifacts(source))
        found = sha256_of(_model_file(folder))
        if sha256 and found != sha256:
            raise IntegrityError(
                f"The model file has changed since it was registered (sha256 {found[:12]}…, "
                f"expected {sha256[:12]}…); it is not loaded. Restore it or train again."
            )
        return mlflow.sklearn.load_model(str(folder))


def load_uri(settings: Settings, uri: str) -> Any:
    """The pipeline behind a model URI, freshly read from the store."""
    client(settings)
    import mlflow

    with warnings.catch_warnings(), mapped_errors("load the model"):
        warnings.simplefilter("ignore")
        shipped_code.load_all()
        return mlflow.sklearn.load_model(uri)


def _model_file(folder: Path) -> Path:
    for name in ("model.skops", "model.pkl"):
        if (folder / name).is_file():
            return folder / name
    raise IntegrityError(f"{folder} holds no model file; restore it or train again.")


def _trusted_types(pipeline: Any, own_types: Sequence[str]) -> list[str] | None:
    """What skops must be told to trust, or None if the model needs more than we would vouch for."""
    import skops.io

    try:
        needed = skops.io.get_untrusted_types(data=skops.io.dumps(pipeline))
    except Exception:  # noqa: BLE001 - skops has no common error for "cannot store this"
        return None
    if any(name not in own_types and not name.startswith(_TRUSTED_HOMES) for name in needed):
        return None
    return sorted({*needed, *own_types})
