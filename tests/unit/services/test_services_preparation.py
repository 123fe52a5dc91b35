"""Preparation leaves layers, figures, a manifest and a run; a failed one leaves all as it was."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from core.dataset import io
from core.errors import BadInput, NotReady, SchemaError
from core.services import preparation, projects
from core.settings import Settings
from core.tracking import runs

SPEC = """
target: {column: left, positive: 1}
columns: {age: numeric, city: categorical}
derived: {decades: age / 10}
"""


def members(rows: int = 120) -> pd.DataFrame:
    rng = np.random.default_rng(5)
    return pd.DataFrame(
        {
            "member": np.arange(rows),
            "age": rng.integers(18, 90, rows),
            "city": rng.choice(["Graz", "Wien"], rows),
            "left": rng.integers(0, 2, rows),
        }
    )


@pytest.fixture
def gym(workspace: Settings) -> Settings:
    projects.create(workspace, "gym", SPEC.encode())
    store(workspace, members())
    return workspace


def store(settings: Settings, frame: pd.DataFrame, role: str = "dev") -> None:
    io.write_table(frame, settings.layer("gym", "01_raw") / f"{role}.parquet")


def layers(settings: Settings) -> dict[str, bytes]:
    found = [
        p for p in settings.project_dir("gym").rglob("*") if p.is_file() and "01_" not in str(p)
    ]
    return {p.name: p.read_bytes() for p in found}


def test_layers_manifest_and_run(gym: Settings) -> None:
    store(gym, members(30).drop(columns="left"), "prod")
    result = preparation.run(gym, "gym")
    assert (result["rows_raw"], result["rows_prepared"]) == (120, 120)
    assert (result["train_rows"], result["test_rows"]) == (96, 24)
    assert (result["prod_rows_raw"], result["prod_rows_labelled"]) == (30, None)
    tables = {
        "03_primary/data_filtered": 120,
        "04_feature/features": 120,
        "05_model_input/base_train": 96,
        "05_model_input/base_test": 24,
    }
    for name, rows in tables.items():
        one, other = (
            io.read_table(gym.project_dir("gym") / f"{name}{suffix}") for suffix in io.SUFFIXES
        )
        assert len(one) == len(other) == rows
        assert list(one.columns) == list(other.columns)
    reports = {p.name for p in gym.layer("gym", "08_reporting").iterdir()}
    charts = {"distribution_age.html", "distribution_city.html", "class_balance.html"}
    assert reports == {*charts, "plotly.min.js"}
    manifest = preparation.last(gym, "gym")
    assert manifest["run_id"] == result["run_id"]
    assert manifest["source"] == "dev.parquet"
    run = runs.get(gym, result["run_id"])
    assert (run.action, run.status) == ("prepare", "FINISHED")
    assert run.metrics["train_rows"] == 96
    assert run.params["test_size"] == "0.2"
    assert runs.artifact(gym, run.run_id, "figures/class_balance.html").is_file()
    assert runs.artifact(gym, run.run_id, "05_model_input/base_train.parquet").is_file()
    assert runs.artifact(gym, run.run_id, "project.yaml").read_text() == SPEC


def test_the_users_split_stands_in_the_manifest(gym: Settings) -> None:
    preparation.run(gym, "gym", test_size=0.5, split_seed=1)
    manifest = preparation.last(gym, "gym")
    assert (manifest["test_size"], manifest["split_seed"], manifest["test_rows"]) == (0.5, 1, 60)


@pytest.mark.parametrize(
    ("frame", "error"),
    [
        (members().drop(columns="age"), SchemaError),
        (members().rename(columns={"left": "gone"}), SchemaError),
        (members().assign(age="old"), SchemaError),
        (members().assign(left=1), BadInput),
        (members().assign(left=None), BadInput),
        (members().assign(left=range(120)), SchemaError),
        (members(12), BadInput),
    ],
    ids=["column", "target", "text", "one class", "no label", "many labels", "few rows"],
)
def test_a_bad_file_changes_nothing(
    gym: Settings, frame: pd.DataFrame, error: type[BadInput]
) -> None:
    preparation.run(gym, "gym")
    before = layers(gym)
    store(gym, frame)
    with pytest.raises(error):
        preparation.run(gym, "gym")
    assert layers(gym) == before
    assert len(runs.recent(gym, "gym")) == 1


def test_a_bad_production_file_changes_nothing_and_ends_its_run(gym: Settings) -> None:
    preparation.run(gym, "gym")
    before = layers(gym)
    gym.layer("gym", "01_raw").joinpath("prod.parquet").write_bytes(b"PAR1 no more")
    with pytest.raises(BadInput, match=r"prod\.parquet should be a parquet file"):
        preparation.run(gym, "gym")
    assert layers(gym) == before
    assert [run.status for run in runs.recent(gym, "gym")] == ["FAILED", "FINISHED"]


def test_before_there_is_a_file(bare_workspace: Settings) -> None:
    spec = projects.create(bare_workspace, "gym", SPEC.encode())
    assert preparation.last(bare_workspace, "gym") is None
    with pytest.raises(NotReady, match="no development file yet"):
        preparation.look(bare_workspace, spec)
    with pytest.raises(NotReady, match="no production file yet"):
        preparation.look(bare_workspace, spec, "prod")


def test_looking_changes_nothing_and_takes_nested_extras(gym: Settings) -> None:
    spec = projects.load_spec(gym, "gym")
    store(gym, members().assign(basket=[[1]] * 120))
    raw = preparation.look(gym, spec)
    assert raw.summary.rows == 120
    assert raw.summary.labelled == 120
    assert set(preparation.distribution_figures(raw, spec)) == {"age", "city"}
    assert preparation.court_figure(raw, spec) is None
    assert layers(gym).keys() == {"project.yaml"}
