"""MLflow away, locked or full when a training ends: said plainly, nothing lost, nothing twice."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import requests

from core import jobs
from core.services import preparation, projects, training
from core.services.training import JobView
from core.settings import Settings
from core.tracking import registry, runs
from core.tracking.store import client

pytestmark = pytest.mark.slow

# `max_depth` of this tree is impossible: PyCaret's own refusal is what the test wants.
SPEC = """
title: Club
target: {column: left, positive: 1}
columns: {age: numeric, visits: numeric}
training:
  seed: 7
  folds: 3
  metric: AUC
  models: {lr: {candidates: 3}, dt: {candidates: 2, settings: {max_depth: -3}}}
"""
# Generous, since it only bounds a failing test.
PATIENCE_SECONDS = 600.0


@pytest.fixture
def settings(workspace: Settings, tmp_path: Path) -> Iterator[Settings]:
    """A workspace with the project prepared; its jobs are cancelled in the end."""
    rng = np.random.default_rng(1)
    age, visits = rng.integers(18, 90, 600), rng.integers(0, 20, 600)
    left = (rng.random(600) < 1 / (1 + np.exp(0.35 * visits - 1.2))).astype(int)
    rows = tmp_path / "dev.csv"
    pd.DataFrame({"age": age, "visits": visits, "left": left}).to_csv(rows, index=False)
    (tmp_path / "club.yaml").write_text(SPEC, encoding="utf-8")
    projects.init_files(workspace, "club", rows, spec_file=tmp_path / "club.yaml")
    preparation.run(workspace, "club")
    yield workspace
    for view in jobs.list_jobs(workspace.jobs_dir("club")):
        jobs.cancel(workspace.jobs_dir("club"), view.job_id)


class Server:
    """A real MLflow server on loopback that can be stopped and started again."""

    def __init__(self, folder: Path) -> None:
        with closing(socket.socket()) as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]
        self._folder = folder
        folder.mkdir()
        self.uri = f"http://127.0.0.1:{self._port}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        store = f"sqlite:///{self._folder / 'mlflow.db'}"
        command = [sys.executable, "-m", "mlflow", "server", "--port", str(self._port)]
        command += ["--backend-store-uri", store, "--workers", "1"]
        command += ["--artifacts-destination", str(self._folder / "artifacts")]
        bin_folder = str(Path(sys.executable).parent)
        environment = {**os.environ, "PATH": f"{bin_folder}{os.pathsep}{os.environ['PATH']}"}
        with (self._folder / "log.txt").open("ab") as log:
            self._process = subprocess.Popen(
                command, env=environment, stdout=log, stderr=log, start_new_session=True
            )
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            with suppress(requests.RequestException):
                if requests.get(f"{self.uri}/health", timeout=5).ok:
                    return
            time.sleep(0.2)
        raise AssertionError((self._folder / "log.txt").read_text(encoding="utf-8")[-3000:])

    def stop(self) -> None:
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    made = Server(tmp_path / "server")
    made.start()
    yield made
    made.stop()


def finished(settings: Settings, job_id: str) -> JobView:
    view = jobs.wait(settings.jobs_dir("club"), job_id, timeout_seconds=PATIENCE_SECONDS)
    assert not view.is_live, jobs.log_tail(settings.jobs_dir("club"), job_id)
    return view


def wait_for_stage(settings: Settings, job_id: str, beginning: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        view = jobs.read(settings.jobs_dir("club"), job_id)
        assert view.is_live, view.message
        if any(stage.startswith(beginning) for stage in stages(settings, job_id)):
            return
        time.sleep(0.02)
    raise AssertionError(f"never came to {beginning}")


def wait_for_run(settings: Settings, job_id: str) -> None:
    """Until its MLflow run is open, which happens while it is tuned."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while "run_id" not in (view := jobs.read(settings.jobs_dir("club"), job_id)).attachments:
        assert view.is_live, view.message
        assert time.monotonic() < deadline
        time.sleep(0.02)


def stages(settings: Settings, job_id: str) -> list[str]:
    return [event.stage for event in jobs.events(settings.jobs_dir("club"), job_id)[0]]


def start(settings: Settings, *algorithms: str) -> JobView:
    plan = training.plan(settings, "club", algorithms, {}, 3, "AUC", 7)
    return training.submit(settings, plan)


def logged_once(settings: Settings, result: dict[str, Any], algorithms: set[str]) -> None:
    """One parent run, one child an algorithm, one version, every metric once."""
    found = [run for run in runs.search(settings, "club") if run.action == "train"]
    parents = [run for run in found if "mlflow.parentRunId" not in run.tags]
    assert [run.run_id for run in parents] == [result["run_id"]]
    assert parents[0].status == "FINISHED"
    assert sorted(run.tags["algorithm"] for run in found if run not in parents) == sorted(
        algorithms
    )
    (model,) = result["models"]
    (version,) = registry.versions(settings, "club")
    assert (version.version, version.is_champion) == (model["version"], True)
    assert version.tags["proof"] == "passed"
    store = client(settings)
    for run_id in (result["run_id"], model["run_id"]):
        assert len(store.get_metric_history(run_id, "test_roc_auc")) == 1
    assert len(store.get_metric_history(result["run_id"], "peak_memory_mb")) == 1
    assert len(list(store.search_model_versions("name = 'club'"))) == 1
    names = {item.path for item in store.list_artifacts(model["run_id"], "figures")}
    for figure in ("roc", "precision_recall", "calibration", "confusion", "importance"):
        assert {f"figures/{figure}.html", f"figures/{figure}.png"} <= names
    assert "figures/learning_curve.png" in names


def test_mlflow_away_at_the_end(settings: Settings, server: Server) -> None:
    settings = replace(settings, tracking_uri=server.uri)
    job = start(settings, "lr")
    wait_for_run(settings, job.job_id)
    server.stop()
    view = finished(settings, job.job_id)
    assert view.state == "failed"
    assert "MLflow could not" in view.message
    assert f"no answer from {server.uri.removeprefix('http://')}." in view.message
    assert "a retry publishes them without training again" in view.message
    kept = settings.jobs_dir("club") / job.job_id / "kept"
    for name in ("whole.json", "lr/model.skops", "lr/evaluation.json"):
        assert (kept / name).is_file()

    still_away = training.retry(settings, "club", job.job_id)
    assert "without training again" in finished(settings, still_away.job_id).message

    server.start()
    retried = finished(settings, training.retry(settings, "club", still_away.job_id).job_id)
    assert retried.state == "succeeded", retried.message
    assert not any(stage.startswith("Tuning") for stage in stages(settings, retried.job_id))
    result = retried.result
    assert result is not None
    assert result["run_id"] == view.attachments["run_id"]
    logged_once(settings, result, {"lr"})
    assert retried.peak_memory_bytes is not None
    held = runs.get(settings, result["run_id"]).metrics["peak_memory_mb"] * 1e6
    print(f"peak {held / 1e6:.0f} MB; the retry alone {retried.peak_memory_bytes / 1e6:.0f} MB")
    assert held > retried.peak_memory_bytes, "the training's, not that of publishing alone"
    assert {path.name for path in kept.iterdir()} == {".lock", "result.json"}

    again = finished(settings, training.retry(settings, "club", job.job_id).job_id)
    assert again.result == result
    logged_once(settings, result, {"lr"})


def test_mlflow_away_from_the_beginning(settings: Settings, server: Server) -> None:
    settings = replace(settings, tracking_uri=server.uri)
    server.stop()
    job = start(settings, "lr")
    view = finished(settings, job.job_id)
    assert view.state == "failed"
    assert "MLflow could not" in view.message
    assert "a retry publishes them without training again" in view.message
    server.start()
    retried = finished(settings, training.retry(settings, "club", job.job_id).job_id)
    assert retried.state == "succeeded", retried.message
    assert not any(stage.startswith("Tuning") for stage in stages(settings, retried.job_id))
    assert retried.result is not None
    logged_once(settings, retried.result, {"lr"})


@pytest.fixture
def small_disk(settings: Settings) -> Iterator[Path]:
    """The folder of MLflow's artifacts as a file system of its own, too small for a model."""
    folder = settings.artifacts_dir
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("mounting a small file system needs root")
    folder.mkdir(parents=True, exist_ok=True)
    held = folder.with_name("before")
    shutil.copytree(folder, held)
    command = ["mount", "-t", "tmpfs", "-o", "size=320k", "tmpfs", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"no file system can be mounted here: {done.stderr.strip()}")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_and_an_algorithm_that_fails(settings: Settings, small_disk: Path) -> None:
    job = start(settings, "dt", "lr")
    view = finished(settings, job.job_id)
    assert view.state == "failed"
    assert view.message.startswith("The disk is full: make room, then retry. The models are")
    assert registry.versions(settings, "club") == []
    assert registry.champion(settings, "club") is None
    for run in runs.search(settings, "club", "tags.action = 'train'"):
        assert run.status == "FAILED"

    subprocess.run(["mount", "-o", "remount,size=64m", str(small_disk)], check=True)
    retried = finished(settings, training.retry(settings, "club", job.job_id).job_id)
    assert retried.state == "succeeded", retried.message
    result = retried.result
    assert result is not None
    assert not any(stage.startswith("Tuning") for stage in stages(settings, retried.job_id))
    logged_once(settings, result, {"lr", "dt"})
    # What failed is told wherever somebody looks.
    (failed,) = result["failed"]
    assert failed["algorithm"] == "dt"
    assert "max_depth" in failed["reason"]
    (run,) = runs.search(settings, "club", "tags.algorithm = 'dt'")
    assert (run.status, run.tags["error"]) == ("FAILED", failed["reason"])
    assert "Decision Tree Classifier could not be trained" in stages(settings, job.job_id)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Another process holds the store's database, and lets nobody read or write."""
    hold = "import sqlite3, sys; store = sqlite3.connect(sys.argv[1], 60, isolation_level=None)\n"
    hold += "store.execute('BEGIN EXCLUSIVE'); print('held', flush=True); sys.stdin.read()"
    command = [sys.executable, "-c", hold, str(folder / "mlflow.db")]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None and holder.stdin is not None
        assert holder.stdout.readline() == "held\n"
        try:
            yield
        finally:
            holder.stdin.close()


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """The store's folder cannot be written, not even by root."""
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("mounting a folder read-only needs root")
    bound = ["mount", "--bind", str(folder), str(folder)]
    if subprocess.run(bound, capture_output=True, check=False).returncode != 0:
        pytest.skip("no folder can be mounted here")
    try:
        subprocess.run(["mount", "-o", "remount,bind,ro", str(folder)], check=True)
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.mark.parametrize(
    ("held", "said"),
    [(locked, "is locked"), (read_only, "cannot be opened for writing|may only be read")],
)
def test_a_local_store_that_cannot_be_written_at_the_end(
    settings: Settings, held: Callable[[Path], AbstractContextManager[None]], said: str
) -> None:
    job = start(settings, "lr")
    wait_for_run(settings, job.job_id)
    with held(settings.home / "mlruns"):
        view = finished(settings, job.job_id)
        assert view.state == "failed"
        assert view.message.startswith("MLflow could not")
        assert re.search(f"its database ({said})", view.message), view.message
        assert "a retry publishes them without training again" in view.message
        assert not any(word in view.message for word in ("SQL:", "sqlite3", "Traceback"))
    kept = settings.jobs_dir("club") / job.job_id / "kept"
    assert (kept / "whole.json").is_file()
    retried = finished(settings, training.retry(settings, "club", job.job_id).job_id)
    assert retried.state == "succeeded", retried.message
    assert not any(stage.startswith("Tuning") for stage in stages(settings, retried.job_id))
    assert retried.result is not None
    logged_once(settings, retried.result, {"lr"})


def test_a_training_of_which_nothing_is_left_has_failed(settings: Settings) -> None:
    view = finished(settings, start(settings, "dt").job_id)
    assert view.state == "failed"
    assert "Decision Tree Classifier" in view.message
    assert "max_depth" in view.message
    assert registry.versions(settings, "club") == []
    assert not list(settings.jobs_dir("club").glob("*/kept/*/"))
    found = runs.search(settings, "club", "tags.action = 'train'")
    assert [run.status for run in found] == ["FAILED", "FAILED"]
