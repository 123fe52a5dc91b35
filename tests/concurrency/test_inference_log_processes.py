"""Many processes append to one log at once, some are killed, and nothing is lost or torn."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.inference_log import InferenceLog, verify

HERE = Path(__file__).parent
REPOSITORY = HERE.parent.parent


@pytest.fixture
def log(tmp_path):
    return InferenceLog(
        tmp_path / "inference_log.csv", ["writer", "turn", "text"], {"writer": "categorical"}
    )


def start_appender(log: InferenceLog, name: str, appends: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, str(HERE / "log_appender.py"), str(log.path), name, str(appends)],
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def sizes_by_append(frame: pd.DataFrame) -> dict[tuple[str, int], int]:
    return frame.groupby(["writer", "turn"]).size().to_dict()


def test_four_processes_and_a_reader(log):
    appends, names = 12, ["007", "1e5", "c", "d"]
    parts, place = [], None
    with ExitStack() as stack:
        writers = [stack.enter_context(start_appender(log, name, appends)) for name in names]
        while any(writer.poll() is None for writer in writers):
            frame, place = log.read_from(place)
            parts.append(frame)
            time.sleep(0.01)
        assert [writer.returncode for writer in writers] == [0] * 4, [
            writer.stderr.read() for writer in writers
        ]
    parts.append(log.read_from(place)[0])
    for part in parts:  # a reader never meets a part of an append
        for (_, turn), size in sizes_by_append(part).items():
            assert size == turn % 5 + 1
    seen = pd.concat(parts)
    assert sum(not part.empty for part in parts) > 1, "the reader never overlapped the writers"
    expected = {(name, turn): turn % 5 + 1 for name in names for turn in range(appends)}
    assert sizes_by_append(seen) == expected
    assert seen["prediction_id"].is_unique and log.rows() == len(seen)
    assert set(seen["text"]) == {'line\n"two", and =3'}
    assert seen["logged_at"].is_monotonic_increasing
    assert verify(log.path) == []


def test_killed_appenders_lose_nothing_acknowledged(log):
    chance = random.Random(7)
    acknowledged: set[tuple[str, int]] = set()
    for attempt in range(4):
        with start_appender(log, f"w{attempt}", 10_000) as writer:
            for _ in range(chance.randrange(1, 12)):
                acknowledged.add((f"w{attempt}", int(writer.stdout.readline())))
            time.sleep(chance.random() * 0.02)
            writer.kill()
            rest = writer.stdout.read().splitlines()
            acknowledged |= {(f"w{attempt}", int(line)) for line in rest}
    found = sizes_by_append(log.read_from()[0])
    assert acknowledged <= set(found)
    # At most the one append that a kill met between its commit and its answer is there besides.
    assert len(found) - len(acknowledged) <= 4
    assert all(size == turn % 5 + 1 for (_, turn), size in found.items())
    with start_appender(log, "last", 2) as writer:
        _, errors = writer.communicate()
        assert writer.returncode == 0, errors
    after = sizes_by_append(log.read_from()[0])
    assert after == {**found, ("last", 0): 1, ("last", 1): 2}
    assert verify(log.path) == []


def test_threads_with_models_of_other_columns_rotate_under_each_other(log):
    wide = InferenceLog(log.path, ["writer", "turn", "text", "angle"])

    def append(turn: int) -> None:
        target = (log, wide)[turn % 2]
        frame = pd.DataFrame({"writer": "t", "turn": [turn] * 3, "text": "x", "angle": 0.5})
        scores = np.full(3, 0.5)
        target.append(
            frame, probability=scores, prediction=scores > 1, source="form", model_version="1"
        )

    place, seen = None, []
    with ThreadPoolExecutor(4) as pool:
        work = [pool.submit(append, turn) for turn in range(24)]
        while not all(task.done() for task in work):
            frame, place = log.read_from(place)
            seen += frame["turn"].tolist()
        for task in work:
            task.result()
    seen += log.read_from(place)[0]["turn"].tolist()
    assert sorted(seen) == sorted(list(range(24)) * 3)
    assert verify(log.path) == []
