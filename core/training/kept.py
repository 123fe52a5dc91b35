"""A finished training on disk, before MLflow has it: nothing is lost if MLflow cannot be reached.

    kept/
        run.json         the parent run: its id, and all that it needs to be opened anew
        <algorithm>/     one fitted model
            model.skops or model.pkl
            evaluation.json, reference_profile.json, recent_profile.json
            figures/     HTML and PNG, drawn when it is published
            tables/      holdout predictions, candidates, folds
            example.parquet, holdout.parquet, fitted.parquet
        whole.json       written when all models are there: from then on it can be published
        result.json      written when all is published; then the rest is removed

Publishing reads this folder and nothing else: neither a later preparation of the data nor another
specification changes what a retry publishes.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from core.files import file_lock, read_json, write_json

# A retry that comes while another publishes waits for that one to end, and takes its result.
_LOCK_SECONDS = 3600.0


@dataclass(frozen=True)
class ModelFile:
    """A stored pipeline; ``file_format``: skops or cloudpickle."""

    name: str
    file_format: str
    sha256: str


@dataclass(frozen=True)
class Trained:
    """One fitted model with what was measured of it before it was stored.

    ``metrics``: on the holdout, None where undefined. ``fitted_log_loss``: of the estimator on
    rows it was fitted on, paired with labels as PyCaret has them. Times are seconds since 1970.
    """

    algorithm: str
    title: str
    hyperparameters: dict[str, Any]
    cv: dict[str, float]
    threshold: float
    threshold_rule: str
    calibration: str
    candidates: int
    candidates_tried: int
    metrics: dict[str, float | None]
    fitted_log_loss: float
    warnings: list[str]
    requirements: list[str]
    file: ModelFile
    started_at: float
    finished_at: float

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Trained:
        return cls(**{**value, "file": ModelFile(**value["file"])})


@dataclass(frozen=True)
class Failed:
    """An algorithm that could not be trained, and why; times are seconds since 1970."""

    algorithm: str
    title: str
    reason: str
    started_at: float
    finished_at: float


@dataclass(frozen=True)
class Training:
    """All that one training brought; ``compared``: the comparison that chose the algorithms."""

    models: tuple[Trained, ...]
    failed: tuple[Failed, ...]
    compared: list[dict[str, Any]]
    not_compared: list[str]


class Kept:
    """Paths of the folder, and reading and writing of each part."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._run = folder / "run.json"
        self._training = folder / "whole.json"
        self._result = folder / "result.json"

    @contextmanager
    def held(self) -> Iterator[None]:
        """The right to train or publish into this folder."""
        with file_lock(self.folder / ".lock", _LOCK_SECONDS):
            yield

    @property
    def is_complete(self) -> bool:
        """Whether it can be published."""
        return self._training.is_file()

    def of(self, algorithm: str) -> Path:
        """The folder of one model; made where it is absent."""
        path = self.folder / algorithm
        path.mkdir(parents=True, exist_ok=True)
        return path

    def write_run(self, value: dict[str, Any]) -> None:
        write_json(self._run, value)

    def read_run(self) -> dict[str, Any]:
        return dict(read_json(self._run))

    def write_training(self, training: Training) -> None:
        """The last to be written: what is kept is whole from now on."""
        write_json(self._training, asdict(training))

    def read_training(self) -> Training:
        value = read_json(self._training)
        return Training(
            models=tuple(map(Trained.from_json, value["models"])),
            failed=tuple(Failed(**one) for one in value["failed"]),
            compared=value["compared"],
            not_compared=value["not_compared"],
        )

    def result(self) -> dict[str, Any] | None:
        """What publishing came to, None before."""
        return dict(read_json(self._result)) if self._result.is_file() else None

    def finish(self, result: dict[str, Any]) -> None:
        """All is published: keep the result alone."""
        write_json(self._result, result)
        self._remove(besides=self._result)

    def clear(self) -> None:
        """Remove all: the beginnings of a training that did not end, or one that is not right."""
        self._remove(besides=None)

    def _remove(self, besides: Path | None) -> None:
        # First what makes it complete: half of it must not look whole.
        self._training.unlink(missing_ok=True)
        for path in self.folder.glob("*"):
            if path.is_dir():
                shutil.rmtree(path)
            elif path != besides and path.name != ".lock":
                path.unlink()
