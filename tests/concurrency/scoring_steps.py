"""A process that scores a file as the page or a job would, and is killed on its way.

``scoring_steps.py HOME WAY MOMENTS`` scores files in children of this process, each of which is
killed with SIGKILL before one of the steps (``1,5,9``, ``all``, or the ``end``) of what a scoring
does to disk and to MLflow, or after a part (``0.31x``) of the time that one takes which nobody
kills. Each of them has a file of its own, and is followed by one that scores the same file to its
end. Prints a line of JSON with the steps there are, then one for each child: the code that it ended
with, the steps it took if it was not killed, and what the second one gave. With WAY ``job`` each
belongs to a job, with ``page`` to none.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import core.inference_log.log
import core.inference_log.writer
import core.scoring.intent
from core.errors import NotReady
from core.scoring.intent import IntentBook
from core.scoring.order import Order
from core.services import scoring
from core.settings import Settings
from core.tracking import models, registry, runs

PROJECT = "shop"
ROWS, UNUSABLE = 120, 3
_NEVER = 10_000


class Formula:
    """Cheaper is better."""

    def predict_proba(self, frame: pd.DataFrame) -> np.ndarray:
        positive = 1 / (1 + np.exp((frame["price"].to_numpy(float) - 30) / 10))
        return np.column_stack([1 - positive, positive])


class Steps:
    """Counts steps and kills this process before the one that is due."""

    def __init__(self, due: int) -> None:
        self._due = due
        self.taken: list[str] = []

    def on(self, place: Any, name: str) -> None:
        """Make a call of ``place.name`` a step."""
        real: Callable[..., Any] = getattr(place, name)

        def stepping(*given: Any, **named: Any) -> Any:
            self.take(name)
            return real(*given, **named)

        setattr(place, name, stepping)

    def take(self, name: str) -> None:
        self.taken.append(name)
        if len(self.taken) == self._due:
            os.kill(os.getpid(), signal.SIGKILL)


def stepped(due: int) -> Steps:
    """Steps are all that a scoring changes on disk and in MLflow, in this process."""
    steps = Steps(due)
    for name in ("write", "leave"):
        steps.on(IntentBook, name)
    for name in ("_write_all", "save_commit", "add_checkpoints"):
        steps.on(core.inference_log.writer, name)
    steps.on(core.scoring.intent, "_move")
    for name in ("metrics", "json", "figure", "file", "finish"):
        steps.on(runs.RunLog, name)
    return steps


def source_of(folder: Path, seed: int) -> Path:
    """A file that nobody scored before, some rows of which cannot be."""
    generator = np.random.default_rng(seed + 2)
    rows = pd.DataFrame({"price": generator.gamma(3, 10, ROWS), "order_id": np.arange(ROWS)})
    rows["bought"] = (generator.random(ROWS) < 0.4).astype(int)
    rows.loc[: UNUSABLE - 1, "price"] = np.nan
    path = folder / f"july{seed}.parquet"
    rows.to_parquet(path, index=False)
    return path


def score(settings: Settings, source: Path, job_id: str) -> dict[str, Any]:
    out = scoring.output_path(settings, PROJECT, source.name)
    order = Order(PROJECT, source, out, "1", shown_as=source.name)
    return scoring.run_order(settings, order, job_id=job_id).as_json()


def child(work: Callable[[], Any]) -> tuple[int, Any]:
    """Run it in a process of its own: its exit code, and what it returned."""
    reading, writing = os.pipe()
    pid = os.fork()
    if not pid:
        code = 1
        try:
            os.write(writing, json.dumps(work()).encode())
            code = 0
        except BaseException as exc:  # noqa: BLE001 - told on the error stream
            print(f"{type(exc).__name__}: {exc}", file=sys.stderr, flush=True)
        os._exit(code)
    os.close(writing)
    with os.fdopen(reading, "rb") as answer:
        said = answer.read()
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    return code, json.loads(said) if said else None


def attempt(settings: Settings, source: Path, when: str, job_id: str) -> dict[str, Any]:
    """Score and be killed at ``when``, a step or seconds; the steps taken, where it was not."""
    if when.endswith("s"):
        threading.Timer(float(when[:-1]), os.kill, (os.getpid(), signal.SIGKILL)).start()
        score(settings, source, job_id)
        return {"steps": []}
    steps = stepped(int(when))
    score(settings, source, job_id)
    if job_id:  # whose result is not on disk yet
        steps.take("told")
    return {"steps": steps.taken}


def main(home: Path, way: str, moments: list[str]) -> None:
    settings = Settings.from_env()
    _stand_in()
    steps, seconds = _warm_up(settings, home, way)
    print(json.dumps({"steps": steps}), flush=True)
    if moments in (["all"], ["end"]):
        every = [str(number + 1) for number in range(len(steps))]
        moments = every if moments == ["all"] else every[-4:]
    for number, when in enumerate(moments):
        source = source_of(home, number)
        jobs = [f"{number}-first", f"{number}-retry"] if way == "job" else ["", ""]
        moment = f"{float(when[:-1]) * seconds:.4f}s" if when.endswith("x") else when
        code, told = child(partial(attempt, settings, source, moment, jobs[0]))
        again, result = child(partial(score, settings, source, jobs[1]))
        line = {"code": code, "told": told, "again": again, "result": result}
        print(json.dumps(line), flush=True)


def _warm_up(settings: Settings, home: Path, way: str) -> tuple[list[str], float]:
    """The steps of a scoring that nobody kills, and its seconds; what it imports, no other child
    need import.
    """

    def untouched() -> dict[str, Any]:
        score(settings, source_of(home, -2), "")  # the log's first, which begins its file
        source, job_id = source_of(home, -1), "untouched" if way == "job" else ""
        began = time.monotonic()
        found = attempt(settings, source, str(_NEVER), job_id)
        return {**found, "seconds": time.monotonic() - began, "modules": [*sys.modules]}

    _, told = child(untouched)
    for name in told["modules"]:
        with suppress(Exception):  # some modules only work as part of others
            importlib.import_module(name)
    return told["steps"], told["seconds"]


def _stand_in() -> None:
    """A formula in place of a registered model, and jobs that have told nobody yet."""
    version = registry.Version(
        "1", "formula", "Formula", "none", "none", datetime(2026, 1, 1, tzinfo=UTC), 0.5
    )

    def no_profile(settings: Settings, version: registry.Version) -> Any:
        raise NotReady("there is none")

    place: Any = models
    place.load_pipeline = lambda settings, version: Formula()
    place = registry
    place.find = lambda settings, project, which="champion": version
    place = scoring
    place.profile = no_profile
    place._fate = lambda settings, project, job_id: "waiting"


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3].split(","))
