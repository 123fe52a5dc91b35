"""The reference case, from two raw files to a verdict, gives the reference's figures."""

from __future__ import annotations

import csv
import json
import math
import os
import subprocess
import venv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.settings import Settings
from core.tracking import registry

pytestmark = pytest.mark.slow

PROJECT = "kobe"
Command = Callable[..., Any]


@pytest.fixture(scope="module")
def expected(shared_data: Path) -> dict[str, Any]:
    return json.loads((shared_data / "reference" / "kobe_expected.json").read_text())


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("kobe")


@pytest.fixture(scope="module")
def life(home: Path, shared_data: Path, succeeded: Command) -> dict[str, Any]:
    """One whole run at the reference's settings, shared by the tests below."""
    data = shared_data / "data" / "kobe"
    succeeded(
        home,
        "init",
        "--project",
        PROJECT,
        "--dev",
        data / "dataset_kobe_dev.parquet",
        "--prod",
        data / "dataset_kobe_prod.parquet",
    )
    return succeeded(home, "run", "--project", PROJECT)


def near(found: float, wanted: float, name: str, tolerance: dict[str, float]) -> bool:
    return abs(found - wanted) <= tolerance.get(name, tolerance["rounded_to_four_places"])


def test_preparation_gives_the_reference_counts(
    life: dict[str, Any], expected: dict[str, Any]
) -> None:
    prepared, wanted = life["prepare"], expected["preparation"]
    assert prepared["rows_raw"] == wanted["dev_rows_raw"]
    assert prepared["rows_prepared"] == wanted["dev_rows_prepared"]
    for name in (
        "columns_prepared",
        "train_rows",
        "test_rows",
        "positive_rate_train",
        "positive_rate_test",
        "prod_rows_raw",
        "prod_rows_labelled",
        "positive_rate_prod",
    ):
        assert prepared[name] == pytest.approx(wanted[name], abs=1e-12), name


def test_tuned_models_are_the_reference_models(
    life: dict[str, Any], expected: dict[str, Any]
) -> None:
    models = {model["algorithm"]: model for model in life["train"]["models"]}
    for algorithm, wanted in expected["tuned_hyperparameters"].items():
        found = models[algorithm]["hyperparameters"]
        assert {name: found[name] for name in wanted} == wanted
    for algorithm, wanted in expected["test_metrics"].items():
        for name, value in wanted.items():
            found = models[algorithm]["test"][name]
            assert near(found, value, name, expected["tolerance"]), (algorithm, name, found)
    assert life["train"]["best"]["algorithm"] == expected["training"]["champion"]
    assert life["compare"]["champion"]["algorithm"] == expected["training"]["champion"]
    assert life["compare"]["not_compared"] == {}
    for one in (life["compare"]["champion"], *life["compare"]["candidates"]):
        interval = one["intervals"]["roc_auc"]
        assert interval["low"] < one["test"]["roc_auc"] < interval["high"]


def test_production_metrics_are_the_reference_metrics(
    life: dict[str, Any], expected: dict[str, Any]
) -> None:
    score = life["score"]
    found = {score["algorithm"]: score["metrics"]}
    found |= {other["algorithm"]: other["metrics"] for other in score["also"]}
    for algorithm, wanted in expected["production_metrics_on_labelled_rows"].items():
        for name, value in wanted.items():
            assert near(found[algorithm][name], value, name, expected["tolerance"]), (
                algorithm,
                name,
                found[algorithm][name],
            )


def test_every_production_row_is_scored_and_logged_once(
    life: dict[str, Any], home: Path, expected: dict[str, Any]
) -> None:
    rows = expected["preparation"]["prod_rows_raw"]
    assert life["score"]["rows_scored"] == rows
    assert life["score"]["rows_rejected"] == 0
    log = home / "data" / PROJECT / "07_model_output" / "inference_log.csv"
    with log.open(newline="", encoding="utf-8") as stream:
        logged = list(csv.DictReader(stream))
    assert len(logged) == rows
    assert len({row["prediction_id"] for row in logged}) == rows
    labelled = expected["preparation"]["prod_rows_labelled"]
    assert sum(row["label"] != "" for row in logged) == labelled


def test_the_drift_is_seen_said_and_explained(life: dict[str, Any]) -> None:
    monitor = life["monitor"]
    distance = monitor["features"]["shot_distance"]
    assert distance["drifted"]
    assert distance["psi"] > 10 * distance["threshold"]
    assert "12 → 25 ft" in distance["change"]
    assert not monitor["features"]["playoffs"]["drifted"]
    assert "left the training data" in monitor["verdict"]
    assert monitor["estimated"]["status"] == "refused"
    realised = monitor["realised"]["roc_auc"]
    assert realised["low"] < realised["value"] < realised["high"]
    words = " ".join(monitor["explanation"])
    assert "hardly better than always saying 33%" in words
    assert "lower threshold" in words
    assert all(math.isfinite(f["psi"]) for f in monitor["features"].values())


def test_champion_serves_raw_columns_where_only_its_own_requirements_are_installed(
    life: dict[str, Any],
    home: Path,
    tmp_path: Path,
    shared_data: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A fresh environment with the model's requirements: no PyCaret, nothing of this project."""
    version = life["train"]["best"]["version"]
    # MLflow leaves the address of the last store it used in the environment.
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.setenv("COURTSIDE_HOME", str(home))
    source = registry.find(Settings.from_env(), PROJECT, version).source
    model = home / "mlruns" / "artifacts" / PROJECT / "models" / Path(source).name / "artifacts"
    requirements = (model / "requirements.txt").read_text()
    assert "mlflow" in requirements
    assert "pycaret" not in requirements
    venv.create(tmp_path / "env", with_pip=True)
    python = tmp_path / "env" / "bin" / "python"
    quiet = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([python, *quiet, "-r", model / "requirements.txt"], check=True)
    script = (
        "import sys, json, importlib.util, mlflow, pandas as pd\n"
        "assert importlib.util.find_spec('pycaret') is None\n"
        "assert importlib.util.find_spec('core') is None\n"
        "rows = pd.read_parquet(sys.argv[2])\n"
        "columns = ['lat','lon','minutes_remaining','period','playoffs','shot_distance']\n"
        "rows = rows[columns].head(50)\n"
        "answer = mlflow.pyfunc.load_model(sys.argv[1]).predict(rows)\n"
        "print(json.dumps(answer.tolist()))\n"
    )
    data = shared_data / "data" / "kobe" / "dataset_kobe_prod.parquet"
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    subprocess.run([python, *quiet, "pyarrow"], check=True)
    done = subprocess.run(
        [python, "-W", "ignore", "-c", script, model, data],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    answer = json.loads(done.stdout)
    with (home / "data" / PROJECT / "07_model_output" / "inference_log.csv").open() as stream:
        logged = [
            float(row["probability"])
            for row, _ in zip(csv.DictReader(stream), range(50), strict=False)
        ]
    assert [round(row[1], 9) for row in answer] == [round(p, 9) for p in logged]
    assert all(abs(sum(row) - 1) < 1e-12 for row in answer)


def test_champion_answers_over_rest(life: dict[str, Any], home: Path, succeeded: Command) -> None:
    """MLflow's own server gives the probabilities that the batch logged."""
    import socket

    import requests

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    served = succeeded(home, "serve", "--project", PROJECT, "--port", port)
    try:
        with (home / "data" / PROJECT / "07_model_output" / "inference_log.csv").open() as stream:
            row = next(csv.DictReader(stream))
        record = {
            name: float(row[name])
            for name in ("lat", "lon", "minutes_remaining", "period", "shot_distance")
        }
        record["playoffs"] = float(row["playoffs"] == "true")
        answer = requests.post(
            f"{served['url']}/invocations", json={"dataframe_records": [record]}, timeout=60
        )
        assert answer.status_code == 200, answer.text
        probabilities = answer.json()["predictions"][0]
        assert probabilities[1] == pytest.approx(float(row["probability"]), abs=1e-12)
        assert sum(probabilities) == pytest.approx(1.0)
    finally:
        assert succeeded(home, "serve", "--project", PROJECT, "--stop")["stopped"]


def test_a_second_training_leaves_promotion_to_the_user(
    life: dict[str, Any], home: Path, succeeded: Command
) -> None:
    trained = succeeded(home, "train", "--project", PROJECT, "--models", "dt", "--n-iter", "dt=2")
    (model,) = trained["models"]
    compared = succeeded(home, "compare", "--project", PROJECT)
    assert compared["champion"]["version"] == life["train"]["best"]["version"]
    promoted = succeeded(home, "promote", "--project", PROJECT, "--version", model["version"])
    assert promoted["previous"] == life["train"]["best"]["version"]
    back = succeeded(home, "promote", "--project", PROJECT, "--version", promoted["previous"])
    assert back["previous"] == model["version"]
