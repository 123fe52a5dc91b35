"""The prepared tables that a training starts from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core.dataset import io
from core.dataset.spec import ProjectSpec
from core.errors import NotReady
from core.files import file_lock, read_json
from core.settings import Settings

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class ModelInput:
    """What preparation left behind for training, read from 05_model_input."""

    train: pd.DataFrame
    test: pd.DataFrame
    preparation: dict[str, Any]


def read_model_input(settings: Settings, spec: ProjectSpec) -> ModelInput:
    """The prepared tables; NotReady if absent, or prepared by another specification."""
    folder = settings.layer(spec.name, "05_model_input")
    if not (folder / "preparation.json").is_file():
        raise NotReady(f"{spec.name} has no prepared data yet; run the data preparation first.")
    with file_lock(settings.layers_lock(spec.name), timeout_seconds=300):
        preparation = read_json(folder / "preparation.json")
        if preparation.get("spec_digest") != spec.digest:
            raise NotReady(
                "The project's specification has changed since the data were prepared; "
                "prepare them again before training."
            )
        train = io.read_table(folder / "base_train.parquet")
        test = io.read_table(folder / "base_test.parquet")
    return ModelInput(train, test, preparation)
