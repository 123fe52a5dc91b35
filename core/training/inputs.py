"""The prepared tables that a training starts from: those of the last preparation, or a renewal's.

A retraining has tables of its own, in a folder below 05_model_input, so that the project's
preparation and its holdout stay what they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.dataset import io
from core.dataset.retrain import folder_below
from core.dataset.spec import ProjectSpec
from core.errors import NotReady
from core.files import file_lock, read_json, write_json
from core.settings import Settings

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class ModelInput:
    """What preparation left behind for training, read from 05_model_input."""

    train: pd.DataFrame
    test: pd.DataFrame
    preparation: dict[str, Any]

    @property
    def older(self) -> tuple[int, int] | None:
        """How many rows of ``train`` and of ``test`` a retraining took over: they come first.

        None where these are not the tables of a retraining, all of them.
        """
        found = self.preparation
        if "added_rows" not in found or "old_test_rows" not in found:
            return None
        if (len(self.train), len(self.test)) != (found["train_rows"], found["test_rows"]):
            return None
        return int(found["train_rows"] - found["added_rows"]), int(found["old_test_rows"])


def folder_of(settings: Settings, project: str, inputs: str = "") -> Path:
    """Where a training's tables lie; ``inputs`` names a retraining's, by its run."""
    own = settings.layer(project, "05_model_input")
    if not inputs:
        return own
    if not inputs.isalnum():
        raise NotReady(f"A retraining's tables are named by a run id; found {inputs!r}.")
    return folder_below(own, inputs)


def write_renewal(settings: Settings, project: str, inputs: str, data: ModelInput) -> None:
    """Keep a retraining's tables; the manifest comes last, so that a torn write is none."""
    folder = folder_of(settings, project, inputs)
    io.write_table(data.train, folder / "base_train.parquet")
    io.write_table(data.test, folder / "base_test.parquet")
    write_json(folder / "preparation.json", data.preparation)


def read_model_input(settings: Settings, spec: ProjectSpec, inputs: str = "") -> ModelInput:
    """The prepared tables; NotReady if absent, or prepared by another specification."""
    folder = folder_of(settings, spec.name, inputs)
    if not (folder / "preparation.json").is_file():
        raise NotReady(f"{spec.name} has no prepared data yet; run the data preparation first.")
    with file_lock(settings.layers_lock(spec.name), timeout_seconds=300):
        preparation = read_json(folder / "preparation.json")
        if not spec.prepares(preparation.get("spec_digest")):
            raise NotReady(
                "The project's specification has changed since the data were prepared; "
                "prepare them again before training."
            )
        train = io.read_table(folder / "base_train.parquet")
        test = io.read_table(folder / "base_test.parquet")
    return ModelInput(train, test, preparation)
