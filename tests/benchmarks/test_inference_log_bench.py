"""The inference log against a CSV that is read and rewritten at every click, in one run.

``COURTSIDE_BENCH_LOG_ROWS=10000000`` asks for the full history (about 2 GB of disk).
"""

from __future__ import annotations

import os
import resource
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.inference_log import InferenceLog, examine, reader, rebuild

pytestmark = pytest.mark.bench

COLUMNS = ["lat", "lon", "minutes_remaining", "period", "playoffs", "shot_distance"]
HISTORY = int(os.environ.get("COURTSIDE_BENCH_LOG_ROWS", "1000000"))
REWRITTEN = 100_000
AT_ONCE = 200_000


def rows(count: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "lat": rng.normal(34.0, 0.1, count).round(4),
            "lon": rng.normal(-118.3, 0.1, count).round(4),
            "minutes_remaining": rng.integers(0, 12, count),
            "period": rng.integers(1, 5, count),
            "playoffs": rng.integers(0, 2, count),
            "shot_distance": rng.integers(0, 40, count),
        }
    )


def add(log: InferenceLog, values: pd.DataFrame, source: str = "batch") -> None:
    chance = np.random.default_rng(len(values)).random(len(values))
    log.append(
        values, probability=chance, prediction=chance > 0.5, source=source, model_version="1"
    )


def filled(path: Path, count: int) -> InferenceLog:
    log = InferenceLog(path, COLUMNS)
    for first in range(0, count, AT_ONCE):
        add(log, rows(min(AT_ONCE, count - first), first))
    return log


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> InferenceLog:
    return filled(tmp_path_factory.mktemp("history") / "inference_log.csv", HISTORY)


def timed(work: Callable[[], object]) -> float:
    """Milliseconds."""
    begun = time.perf_counter()
    work()
    return (time.perf_counter() - begun) * 1e3


def spread(times: list[float]) -> str:
    low, _, high = statistics.quantiles(times, n=4)
    return f"{statistics.median(times):.2f} ms (quartiles {low:.2f} to {high:.2f})"


def test_an_append_costs_the_new_row_and_not_the_history(
    history: InferenceLog, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    short = filled(tmp_path / "short.csv", 10)
    rewritten = tmp_path / "rewritten.csv"
    rows(REWRITTEN, 1).assign(probability=0.5).to_csv(rewritten, index=False)
    one = rows(1, 2)

    def sync_twice() -> None:
        """The disk's own price: a line and a small record, both made durable."""
        for name in ("line", "record"):
            with (tmp_path / name).open("ab") as stream:
                stream.write(b"x" * 150)
                stream.flush()
                os.fsync(stream.fileno())

    def rewrite() -> None:
        table = pd.concat([pd.read_csv(rewritten), one.assign(probability=0.5)])
        table.to_csv(rewritten, index=False)

    before = history.rows()
    few: list[float] = []
    many: list[float] = []
    floor: list[float] = []
    for _ in range(60):  # in turns, so that the machine's moods meet all of them
        few.append(timed(lambda: add(short, one, "form")))
        many.append(timed(lambda: add(history, one, "form")))
        floor.append(timed(sync_twice))
    theirs = statistics.median(timed(rewrite) for _ in range(3))
    assert (short.rows(), history.rows()) == (70, before + 60)
    ours = statistics.median(many)
    with capsys.disabled():
        print(
            f"\nappend one row, fsynced: with 10 rows {spread(few)}; with {before:,} rows "
            f"{spread(many)}: {ours / statistics.median(few):.2f} times"
            f"\n  two bare fsyncs {spread(floor)}; reading, appending and rewriting {REWRITTEN:,} "
            f"rows {theirs:.0f} ms: {theirs / ours:.0f} times ours"
        )


def test_the_end_of_a_long_log_is_read_without_the_history(
    history: InferenceLog, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    add(history, rows(1_000, 3))
    since = history.tail(1)["logged_at"].iloc[0].to_pydatetime()
    touched = []
    plain = reader.read_rows

    def counted(stream: object, start: int, stop: int) -> object:
        touched.append(stop - start)
        return plain(stream, start, stop)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(reader, "read_rows", counted)
        assert len(history.read_window(since)) == 1_000
    size = history.path.stat().st_size
    window = [timed(lambda: history.read_window(since)) for _ in range(15)]
    tail = [timed(lambda: history.tail(1_000)) for _ in range(15)]
    place = history.end()
    follow = [timed(lambda: history.read_from(place)) for _ in range(15)]
    everything = timed(lambda: [len(piece) for piece in history.stream()])
    with capsys.disabled():
        print(
            f"\nof {history.rows():,} rows ({size / 1e6:,.0f} MB): the last 1,000 as a time window "
            f"{spread(window)}, as a tail {spread(tail)}, nothing new {spread(follow)}"
            f"\n  the window read {sum(touched) / 1e3:,.0f} kB of the file; all of it, streamed, "
            f"takes {everything / 1e3:.1f} s: {everything / statistics.median(window):,.0f} times"
        )


def test_a_long_log_is_verified_and_rebuilt(
    history: InferenceLog, capsys: pytest.CaptureFixture[str]
) -> None:
    count = history.rows()
    begun = time.perf_counter()
    found = examine(history.path)
    verified = time.perf_counter() - begun
    assert (found.problems, found.rows) == ((), count)
    begun = time.perf_counter()
    assert rebuild(history.path).rows == count
    rebuilt = time.perf_counter() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    with capsys.disabled():
        print(
            f"\nverify {count / verified:,.0f} rows/s ({verified:.1f} s), rebuild "
            f"{count / rebuilt:,.0f} rows/s ({rebuilt:.1f} s); peak memory of it all {peak:,.0f} MB"
        )
