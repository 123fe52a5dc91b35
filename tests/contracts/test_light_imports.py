"""What a page imports at start-up loads none of the libraries that take seconds."""

from __future__ import annotations

import subprocess
import sys

import pytest

from core.settings import REPOSITORY

HEAVY = ("sklearn", "mlflow", "pycaret", "plotly", "scipy", "streamlit", "dask", "distributed")
SERVICES = sorted(
    f"core.services.{path.stem}"
    for path in (REPOSITORY / "core" / "services").glob("*.py")
    if path.stem != "__init__"
)
LIGHT = [
    "core.dataset.spec",
    "core.dataset.io",
    "core.dataset.figures",
    "core.settings",
    "core.charts",
    "core.palette",
    "core.training.plan",
    "core.tracking.registry",
    *SERVICES,
]


def loaded_after(module: str) -> set[str]:
    """Top-level names of the heavy libraries in a fresh process that imported ``module``."""
    script = f"import sys, {module}; print(*{{name.split('.')[0] for name in sys.modules}})"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, cwd=REPOSITORY, check=False
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split()) & set(HEAVY)


def test_services_are_found() -> None:
    assert {"core.services.projects", "core.services.preparation"} <= set(SERVICES)


def test_all_of_them_together_load_nothing_heavy() -> None:
    assert loaded_after(", ".join(LIGHT)) == set()


@pytest.mark.parametrize("library", ["scipy", "plotly"])
def test_the_check_sees_what_is_loaded(library: str) -> None:
    assert loaded_after(library) == {library}


TRAINS = """
import sys, warnings
warnings.simplefilter("ignore")
import pandas as pd
from core.dataset.spec import ModelPlan
from core.training import cluster
from core.training.plan import TrainingPlan
from core.training.pycaret_adapter import Experiment
rows = pd.DataFrame({"a": [i % 7 / 2 for i in range(200)], "b": [i % 3 / 2 for i in range(200)]})
target = pd.Series([i % 2 for i in range(200)], name="made")
models = (ModelPlan("lr", 2), ModelPlan("lightgbm", 2))
assert cluster.connect(None) is None
experiment = Experiment(rows, target, TrainingPlan("any", models, 2, "F1", 7, 1.0), 1)
for model in models:
    experiment.tune(model, lambda at: None)
assert "lightgbm" in sys.modules
print(*{name.split(".")[0] for name, module in sys.modules.items() if module is not None})
"""


@pytest.mark.slow
def test_training_without_a_cluster_loads_nothing_of_dask() -> None:
    """LightGBM would: it imports Dask wherever that is installed."""
    done = subprocess.run(
        [sys.executable, "-c", TRAINS], capture_output=True, text=True, cwd=REPOSITORY, check=False
    )
    assert done.returncode == 0, done.stderr
    loaded = set(done.stdout.split())
    assert "sklearn" in loaded
    assert loaded & {"dask", "distributed"} == set()
