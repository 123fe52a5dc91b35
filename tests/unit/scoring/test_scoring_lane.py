"""Work beside the caller: in order, its errors told, nothing left running."""

from __future__ import annotations

import threading

import pytest

from core.scoring.lane import Lane


def test_calls_are_made_in_order_in_one_other_thread() -> None:
    seen: list[tuple[int, int]] = []
    with Lane("a") as lane:
        for number in range(20):
            lane.put(lambda number=number: seen.append((number, threading.get_ident())))
    assert [number for number, _ in seen] == list(range(20))
    assert len({thread for _, thread in seen}) == 1
    assert seen[0][1] != threading.get_ident()


def test_the_first_error_is_raised_and_the_rest_is_not_done() -> None:
    done: list[int] = []

    def fail() -> None:
        raise OSError("full")

    def put_many(lane: Lane) -> None:
        lane.put(fail)
        for number in range(10):
            lane.put(lambda number=number: done.append(number))

    with pytest.raises(OSError, match="full"), Lane("a") as lane:
        put_many(lane)
    assert done == []


def test_what_waits_is_dropped_when_the_block_raises() -> None:
    gate, done = threading.Event(), []

    def leave(lane: Lane) -> None:
        lane.put(gate.wait)
        lane.put(lambda: done.append(1))
        threading.Timer(0.2, gate.set).start()
        raise KeyboardInterrupt

    before = threading.active_count()
    with pytest.raises(KeyboardInterrupt), Lane("a") as lane:
        leave(lane)
    assert done == []
    assert threading.active_count() <= before + 1  # the timer may be ending still
