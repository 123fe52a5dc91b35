"""Searches on a real Dask cluster: a scheduler and two workers, each a process, on loopback."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import RandomizedSearchCV
from sklearn.tree import DecisionTreeClassifier

from core.dataset.spec import ModelPlan
from core.errors import BadInput, JobError
from core.training import cluster
from core.training.plan import TrainingPlan
from core.training.search import OnSearch, Searched, watched_search

pytestmark = [
    pytest.mark.slow,
    # Workers are killed here: distributed's own sockets and coroutines are left behind.
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning"),
]
PATIENCE_SECONDS = 120
X, Y = make_classification(3000, 12, random_state=1)


@dataclass
class Cluster:
    address: str
    scheduler: subprocess.Popen[bytes]
    workers: list[subprocess.Popen[bytes]]


@pytest.fixture
def dask_cluster(tmp_path: Path) -> Iterator[Cluster]:
    """Started outside the repository: the workers have our packages and none of our code."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"tcp://127.0.0.1:{port}"
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    started: list[subprocess.Popen[bytes]] = []

    def start(module: str, *arguments: str) -> subprocess.Popen[bytes]:
        with (tmp_path / f"process-{len(started)}.log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", module, *arguments, "--no-dashboard"],
                cwd=tmp_path,
                env=environment,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        started.append(process)
        return process

    try:
        host = ("--host", "127.0.0.1", "--port", str(port))
        scheduler = start("distributed.cli.dask_scheduler", *host)
        settings = (address, "--nthreads", "1", "--no-nanny", "--local-directory", str(tmp_path))
        workers = [start("distributed.cli.dask_worker", *settings) for _ in range(2)]
        _until_ready(address, 2)
        yield Cluster(address, scheduler, workers)
    finally:
        for process in started:
            process.kill()
            process.wait()


def _until_ready(address: str, workers: int) -> None:
    from distributed import Client

    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            cluster.check_reachable(address)
            break
        except BadInput:
            assert time.monotonic() < deadline
            time.sleep(0.2)
    with Client(address, timeout=PATIENCE_SECONDS, set_as_default=False) as client:
        client.wait_for_workers(workers, timeout=PATIENCE_SECONDS)


@pytest.fixture
def connected(dask_cluster: Cluster) -> Iterator[cluster.Cluster]:
    made = cluster.connect(dask_cluster.address)
    assert made is not None
    yield made
    made.close()


def search(candidates: int = 40) -> RandomizedSearchCV:
    grid = {"max_depth": list(range(1, 20)), "min_samples_leaf": [1, 2, 5, 9]}
    tree = DecisionTreeClassifier(random_state=3)
    return RandomizedSearchCV(
        tree, grid, n_iter=candidates, cv=3, random_state=5, scoring="f1", n_jobs=2
    )


def on(where: cluster.Cluster, made: Any, tell: OnSearch = lambda at: None) -> Any:
    with watched_search(tell, workers=2, cluster=where):
        return made.fit(X, Y)


def assert_same(found: Any, local: Any) -> None:
    assert found.cv_results_["params"] == local.cv_results_["params"]
    for key in ("mean_test_score", "std_test_score", "rank_test_score"):
        np.testing.assert_array_equal(found.cv_results_[key], local.cv_results_[key])


def test_fits_run_on_the_workers_with_local_figures(connected: cluster.Cluster) -> None:
    told: list[Searched] = []
    assert_same(on(connected, search(), told.append), search().fit(X, Y))
    assert told[-1].fits == told[-1].fits_total == 120
    assert len({at.fits for at in told}) > 5, "progress comes from the fits as they end"
    done = connected._client.run(lambda dask_worker: len(dask_worker.state.tasks))
    assert len(done) == 2
    straight = RandomizedSearchCV(
        LogisticRegression(), {"C": np.arange(0.1, 9, 0.1)}, n_iter=9, cv=3, random_state=5
    )
    assert_same(on(connected, straight), straight.fit(X, Y))


def test_a_worker_lost_on_the_way_costs_time_not_the_run(
    dask_cluster: Cluster, connected: cluster.Cluster
) -> None:
    def kill_one(at: Searched) -> None:
        if at.fits >= 30 and dask_cluster.workers[0].poll() is None:
            dask_cluster.workers[0].kill()
            dask_cluster.workers[0].wait()

    assert_same(on(connected, search(), kill_one), search().fit(X, Y))
    assert dask_cluster.workers[0].poll() is not None, "it was killed while the search ran"


def test_a_lost_scheduler_ends_the_search_with_a_sentence(
    dask_cluster: Cluster, connected: cluster.Cluster
) -> None:
    def kill_scheduler(at: Searched) -> None:
        if at.fits >= 10:
            dask_cluster.scheduler.kill()

    with pytest.raises(JobError, match="was lost during the search"):
        on(connected, search(76), kill_scheduler)


def test_without_workers_it_says_so(dask_cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    for worker in dask_cluster.workers:
        worker.kill()
        worker.wait()
    monkeypatch.setattr(cluster, "_CONNECT_SECONDS", 3.0)
    with pytest.raises(BadInput, match="has no workers"):
        cluster.connect(dask_cluster.address)


def test_other_versions_on_the_workers_are_refused(
    dask_cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = cluster.metadata.version
    monkeypatch.setattr(
        cluster, "_version_here", lambda name: "0.1" if name == "numpy" else here(name)
    )
    with pytest.raises(BadInput, match=r"has numpy .*, not 0\.1"):
        cluster.connect(dask_cluster.address)


@pytest.mark.filterwarnings("ignore")  # PyCaret's own
def test_pycaret_tunes_the_same_model_on_the_cluster(connected: cluster.Cluster) -> None:
    from core.training.pycaret_adapter import Experiment

    features = pd.DataFrame(X, columns=[f"x{i}" for i in range(12)])
    models = (ModelPlan("lr", 3), ModelPlan("dt", 6), ModelPlan("rf", 1), ModelPlan("nb", 3))
    plan = TrainingPlan("any", models, 3, "F1", 7, 1.0)
    made: Callable[..., Experiment] = lambda where: Experiment(  # noqa: E731
        features, pd.Series(Y, name="made"), plan, 2, where
    )
    away, here = made(connected), made(None)
    for model in models:
        there, local = (one.tune(model, lambda at: None) for one in (away, here))
        assert there.hyperparameters == local.hyperparameters
        drop = "mean_fit_seconds"
        pd.testing.assert_frame_equal(
            there.candidates.drop(columns=drop), local.candidates.drop(columns=drop), rtol=0, atol=0
        )
        pd.testing.assert_frame_equal(there.folds, local.folds, rtol=0, atol=0)
