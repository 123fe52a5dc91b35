"""Models into MLflow and back: skops where it can, a checked joblib-style file where it cannot."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from core.dataset import shipped_code
from core.errors import IntegrityError
from core.files import sha256_of, write_bytes
from core.settings import Settings
from core.tracking.store import client, mapped_errors

if TYPE_CHECKING:
    import pandas as pd

    from core.tracking.registry import Version

# Libraries whose own classes a model file may hold without running foreign code.
_TRUSTED_HOMES = ("sklearn.", "numpy.", "scipy.", "lightgbm.", "xgboost.", "catboost.")
# Plain containers that some of them keep their parameters in.
_TRUSTED_PLAIN = ("collections.OrderedDict",)
_LOGGED_MODEL = "courtside.complete"


@dataclass(frozen=True)
class LoggedModel:
    """Where a model was stored and the checksum of its file."""

    uri: str
    file: Path
    sha256: str
    file_format: str


def save_file(pipeline: Any, folder: Path, own_types: Sequence[str]) -> tuple[str, str, str]:
    """Write a fitted pipeline as it would be registered; its file's name, format and sha256."""
    import cloudpickle
    import skops.io

    trusted = _trusted_types(pipeline, own_types)
    file = folder / ("model.pkl" if trusted is None else "model.skops")
    dump = cloudpickle.dumps if trusted is None else skops.io.dumps
    write_bytes(file, dump(pipeline))
    return file.name, "cloudpickle" if trusted is None else "skops", sha256_of(file)


def read_file(file: Path, sha256: str, own_types: Sequence[str]) -> Any:
    """The pipeline that ``save_file`` wrote; IntegrityError if the file is another."""
    import cloudpickle
    import skops.io

    found = sha256_of(file)
    if found != sha256:
        raise IntegrityError(
            f"{file} is not the model that was kept (sha256 {found[:12]}…, expected "
            f"{sha256[:12]}…); it is not loaded. Train again."
        )
    shipped_code.load_all()
    if file.suffix == ".pkl":
        # This very file, written by this installation: its checksum has just been compared.
        return cloudpickle.loads(file.read_bytes())
    needed = skops.io.get_untrusted_types(file=file)
    known = (*own_types, *_TRUSTED_PLAIN)
    trusted = [n for n in needed if n in known or n.startswith(_TRUSTED_HOMES)]
    return skops.io.load(file, trusted=trusted)


def logged_model(settings: Settings, run_id: str, sha256: str) -> LoggedModel | None:
    """The model that a run holds already, if it is the one with this checksum.

    What an earlier attempt left there, half stored, is removed.
    """
    store = client(settings)
    with mapped_errors("look for the run's model"):
        experiment = store.get_run(run_id).info.experiment_id
        found = store.search_logged_models([experiment], f"source_run_id = '{run_id}'")
        kept = None
        for model in found:
            if kept is None and model.tags.get(_LOGGED_MODEL) == sha256:
                kept = model
            else:
                store.delete_logged_model(model.model_id)
    if kept is None:
        return None
    return _logged(kept.model_uri, kept.tags["courtside.format"])


def load_storage() -> None:
    """Have ready what the first model that is stored would wait for: skops looks at every module
    of scikit-learn."""
    import mlflow.sklearn  # noqa: F401
    import skops.io  # noqa: F401


@contextmanager
def _requirements_unchecked() -> Iterator[None]:
    """Within it, MLflow does not compare a model's requirements with what is installed.

    They are made from what is installed, and the comparison starts with a table of every package
    here: two seconds.
    """
    from mlflow import pyfunc
    from mlflow.utils import environment

    compare = "warn_dependency_requirement_mismatches"
    with patch.object(environment, compare), patch.object(pyfunc, compare):
        yield


def log_model(
    settings: Settings,
    run_id: str,
    pipeline: Any,
    example: pd.DataFrame,
    code_files: Sequence[Path],
    own_types: Sequence[str],
    extra_requirements: Sequence[str] = (),
    kept_as: str = "",
) -> LoggedModel:
    """Store a fitted pipeline in a run; the served function is ``predict_proba``.

    ``example``: a few raw rows, shape (k, raw columns); its columns become the signature.
    ``kept_as``: by which `logged_model` knows it again. Not registered yet.
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
        with mlflow.start_run(run_id=run_id), _requirements_unchecked():
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
        # MLflow ends the run that it logs to; this one goes on, to its proof.
        client(settings).update_run(run_id, status="RUNNING")
        logged = _logged(info.model_uri, options["serialization_format"])
        client(settings).set_logged_model_tags(
            info.model_id,
            {_LOGGED_MODEL: kept_as or logged.sha256, "courtside.format": logged.file_format},
        )
    return logged


def _logged(uri: str, file_format: str) -> LoggedModel:
    with mapped_errors("read the stored model"):
        file = _stored_file(uri)
    return LoggedModel(uri, file, sha256_of(file), file_format)


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


def stored(settings: Settings, source: str) -> LoggedModel:
    """The file behind a stored model's address, with its checksum as it lies there now."""
    client(settings)
    found = _logged(source, "")
    file_format = "skops" if found.file.suffix == ".skops" else "cloudpickle"
    return replace(found, file_format=file_format)


def packages(model: LoggedModel) -> dict[str, str]:
    """The libraries that a stored model names as its own, package to version."""
    needed = model.file.with_name("requirements.txt")
    lines = needed.read_text(encoding="utf-8").split() if needed.is_file() else []
    return {name: version for name, sign, version in (one.partition("==") for one in lines) if sign}


def with_probabilities(
    settings: Settings, run_id: str, source: str, columns: Sequence[str]
) -> LoggedModel:
    """A run's model, served as those trained here are: raw columns in, two probabilities out.

    One that scikit-learn's flavour stored as it comes would be served with its decisions alone; a
    copy of it, in the same run, is not. Its file stays the same to the byte.
    """
    import mlflow
    from mlflow.models import Model, ModelSignature

    store = client(settings)
    with tempfile.TemporaryDirectory() as folder, mapped_errors("store the model"):
        files = Path(mlflow.artifacts.download_artifacts(source, dst_path=folder))
        model = Model.load(str(files))
        served = model.flavors["python_function"]
        if served.get("predict_fn") == "predict_proba":
            return stored(settings, source)
        experiment = store.get_run(run_id).info.experiment_id
        made = store.create_logged_model(experiment, name="model", source_run_id=run_id)
        served["predict_fn"] = "predict_proba"
        model.signature = ModelSignature(*_schemas(columns))
        model.model_id = model.model_uuid = made.model_id
        model.artifact_path = made.artifact_location
        model.save(str(files / "MLmodel"))
        store.log_model_artifacts(made.model_id, str(files))
        store.finalize_logged_model(made.model_id, "READY")
    return stored(settings, made.model_uri)


def load_pipeline(settings: Settings, version: Version) -> Any:
    """The scikit-learn pipeline of a registered version, kept in memory once loaded.

    Raises IntegrityError if the file is not the one that was registered.
    """
    return _load(settings, version.source, version.tags.get("model_sha256", ""))


def file_bytes(settings: Settings, version: Version) -> int:
    """Size of the file that a version's model is stored in."""
    client(settings)
    with mapped_errors("find the model's file"):
        return _stored_file(version.source).stat().st_size


@lru_cache(maxsize=12)
def _load(settings: Settings, source: str, sha256: str) -> Any:
    client(settings)
    import mlflow

    with warnings.catch_warnings(), mapped_errors("load the model"):
        warnings.simplefilter("ignore")
        shipped_code.load_all()
        file = _stored_file(source)
        found = sha256_of(file)
        if sha256 and found != sha256:
            raise IntegrityError(
                f"The model file has changed since it was registered (sha256 {found[:12]}…, "
                f"expected {sha256[:12]}…); it is not loaded. Restore it or train again."
            )
        return mlflow.sklearn.load_model(str(file.parent))


def _stored_file(uri: str) -> Path:
    """The file of a stored model, fetched where the store is elsewhere."""
    import mlflow

    folder = Path(mlflow.artifacts.download_artifacts(uri))
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
    known = (*own_types, *_TRUSTED_PLAIN)
    if any(name not in known and not name.startswith(_TRUSTED_HOMES) for name in needed):
        return None
    return sorted({*needed, *own_types})
