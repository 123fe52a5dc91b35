"""The reference training: Courtside against PyCaret as it comes and bare scikit-learn.

Each in a fresh process tree, one after the other, there and back again; the ratios are of one and
the same run, of each way's faster turn.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import psutil
import pytest

from core.settings import REPOSITORY
from tests.benchmarks import training_ways

pytestmark = pytest.mark.bench

# The reference's; fewer to try the benchmark itself.
COUNTS = os.environ.get("COURTSIDE_BENCH_CANDIDATES", "lr=100,dt=400")
ROUNDS = int(os.environ.get("COURTSIDE_BENCH_ROUNDS", "2"))
METRICS = ("roc_auc", "log_loss", "f1")


@dataclass(frozen=True)
class Run:
    """What one way took, over all its processes, and what it found."""

    seconds: float
    cpu_seconds: float
    peak_megabytes: float
    answer: dict[str, Any]

    def line(self, name: str) -> str:
        return (
            f"{name:<26}{self.seconds:7.1f} s {self.cpu_seconds:8.1f} CPU s "
            f"{self.peak_megabytes:7.0f} MB at the peak"
        )


class _Meter:
    """Proportional memory and CPU time of a process and all below it, looked at twice a second."""

    def __init__(self, mark: str) -> None:
        self._mark = mark
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._cpu: dict[int, float] = {}
        self.peak_megabytes = 0.0

    def __enter__(self) -> _Meter:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    @property
    def cpu_seconds(self) -> float:
        return sum(self._cpu.values())

    def _watch(self) -> None:
        while not self._ended.wait(0.5):
            held = 0
            for process in psutil.process_iter():
                try:
                    if process.environ().get("COURTSIDE_BENCH") != self._mark:
                        continue
                    held += process.memory_full_info().pss
                    times = process.cpu_times()
                    self._cpu[process.pid] = times.user + times.system
                except (psutil.Error, OSError):
                    continue  # it has just ended
            self.peak_megabytes = max(self.peak_megabytes, held / 1e6)


def run(mark: str, command: list[str], environment: dict[str, str]) -> Run:
    """Run a command whose standard output is one JSON object."""
    began = time.monotonic()
    with _Meter(mark) as meter:
        done = subprocess.run(
            [sys.executable, *command],
            cwd=REPOSITORY,
            env={**os.environ, **environment, "COURTSIDE_BENCH": mark},
            capture_output=True,
            text=True,
            check=False,
        )
    seconds = time.monotonic() - began
    assert done.returncode == 0, done.stderr[-3000:]
    return Run(seconds, meter.cpu_seconds, meter.peak_megabytes, json.loads(done.stdout))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, shared_data: Path) -> Path:
    """The Kobe project, prepared; and beside it the inputs of the other ways."""
    folder = tmp_path_factory.mktemp("kobe")
    data = shared_data / "data" / "kobe"
    files = [
        "--dev",
        f"{data}/dataset_kobe_dev.parquet",
        "--prod",
        f"{data}/dataset_kobe_prod.parquet",
    ]
    for command in (["init", *files], ["prepare"]):
        arguments = ["-m", "core", command[0], "--project", "kobe", "--json", *command[1:]]
        run("prepare", arguments, {"COURTSIDE_HOME": str(folder)})
    by_itself("inputs", folder)
    return folder


def courtside(home: Path) -> Run:
    environment = {"COURTSIDE_HOME": str(home), "COURTSIDE_FIT_WORKERS": str(training_ways.WORKERS)}
    arguments = ["-m", "core", "train", "--project", "kobe", "--json", "--n-iter", COUNTS]
    return run("courtside", arguments, environment)


def by_itself(way: str, home: Path) -> Run:
    environment = {"COURTSIDE_HOME": str(home), "PYTHONPATH": str(REPOSITORY)}
    return run(way, [training_ways.__file__, way, str(home), COUNTS], environment)


def test_the_reference_training(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ways: dict[str, Callable[[], Run]] = {
        "Courtside": lambda: courtside(home),
        "PyCaret as it comes": lambda: by_itself("pycaret", home),
        "bare scikit-learn": lambda: by_itself("sklearn", home),
    }
    turns: dict[str, list[Run]] = {name: [] for name in ways}
    for turn in range(ROUNDS):
        for name in sorted(ways, key=list(ways).index, reverse=bool(turn % 2)):
            turns[name].append(ways[name]())
    runs = {name: min(ran, key=lambda one: one.seconds) for name, ran in turns.items()}
    ours, pycaret, bare = runs.values()
    lines = [one.line(name) for name, one in runs.items()]
    for name, other in (("PyCaret", pycaret), ("scikit-learn", bare)):
        lines.append(
            f"Courtside / {name}: {ours.seconds / other.seconds:.2f} of the time, "
            f"{ours.cpu_seconds / other.cpu_seconds:.2f} of the CPU time"
        )
    with capsys.disabled():
        print("\n" + "\n".join([*lines, *profile(home)]))
    found = {model["algorithm"]: model for model in ours.answer["models"]}
    for other in (pycaret, bare):
        for name, answer in other.answer.items():
            tuned = {key: found[name]["hyperparameters"][key] for key in answer["hyperparameters"]}
            assert tuned == answer["hyperparameters"]
            for metric in METRICS:
                assert found[name]["test"][metric] == pytest.approx(answer[metric], abs=1e-5)


def profile(home: Path) -> list[str]:
    """Where Courtside's time goes, by the stages that its job told."""
    jobs = sorted((home / "data" / "kobe" / "jobs").iterdir())
    events = [json.loads(line) for line in (jobs[-1] / "events.jsonl").read_text().splitlines()]
    spent: dict[str, float] = {}
    for event, following in pairwise(events):
        seconds = (_moment(following) - _moment(event)).total_seconds()
        spent[event["stage"]] = spent.get(event["stage"], 0.0) + seconds
    total = sum(spent.values())
    gaps = [
        (_moment(later) - _moment(event)).total_seconds()
        for event, later in pairwise(events)
        if event["stage"] == later["stage"] and event["stage"].startswith("Tuning")
    ]
    shares = [f"  {stage:<52}{took:6.1f} s {took / total:6.1%}" for stage, took in spent.items()]
    longest = f"Longest wait between two signs of progress while tuning: {max(gaps):.1f} s"
    return ["Where Courtside's time goes:", *shares, longest]


def _moment(event: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(event["at"])
