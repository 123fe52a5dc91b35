"""A disk that is full, or a stop, at any step of an append: nothing half there, nothing twice."""

from __future__ import annotations

import errno
import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from core.errors import CourtsideError
from core.inference_log import commit as commit_module
from core.inference_log import rebuild, verify
from core.inference_log import writer as writer_module


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """No file of this process can grow beyond ``size`` bytes, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


def no_space(*_):
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("room", [0, 1, 100, 5_000])
def test_a_disk_that_fills_up_while_rows_are_written(log, add, room):
    add(log)
    before = log.path.read_bytes()
    with (
        largest_file(len(before) + room),
        pytest.raises(CourtsideError, match=r"could not be written \(File too large\), so nothing"),
    ):
        add(log, rows=5_000)
    assert log.path.read_bytes() == before
    assert add(log, first=3).healed is None
    assert log.read_from()[0]["distance"].tolist() == list(range(6))
    assert verify(log.path) == []


def test_a_disk_that_is_full_when_the_rows_are_committed(log, add, monkeypatch):
    add(log)
    before = log.path.read_bytes()
    with monkeypatch.context() as patched:
        patched.setattr(commit_module, "write_json", no_space)
        with pytest.raises(CourtsideError, match="nothing was logged"):
            add(log)
    assert log.path.read_bytes() == before and log.rows() == 3
    assert add(log, first=3).healed is None and verify(log.path) == []


def test_a_stop_just_before_the_commit_leaves_nothing(log, add, monkeypatch):
    add(log)
    before = log.path.read_bytes()

    def stopped(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(commit_module, "write_json", stopped)
        with pytest.raises(KeyboardInterrupt):
            add(log)
    assert log.path.read_bytes() == before and log.rows() == 3
    assert add(log, first=3).healed is None and verify(log.path) == []


def test_a_failing_sync_after_the_commit_is_no_reason_to_log_twice(log, add, monkeypatch, caplog):
    add(log)
    with monkeypatch.context() as patched:
        patched.setattr(commit_module, "sync_folder", no_space)
        assert add(log, first=3).rows == 3
    assert "could not be synced" in caplog.text
    assert log.rows() == 6 and verify(log.path) == []


def test_a_failing_index_is_no_reason_to_log_twice(log, add, caplog):
    add(log, rows=4_000)
    index = log.path.with_name("inference_log.index.jsonl")
    index.unlink()
    index.mkdir()
    add(log, first=4_000)  # far enough behind the last checkpoint for another one
    assert "could not be written" in caplog.text
    assert log.rows() == 4_003
    index.rmdir()
    assert log.tail(2)["distance"].tolist() == [4_001, 4_002]
    assert verify(log.path) == []


def test_a_folder_that_may_not_be_written(log, add, monkeypatch):
    def refused(*_, **__):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(writer_module, "write_bytes", refused)
    with pytest.raises(CourtsideError, match=r"Permission denied\), so nothing was logged"):
        add(log)


def test_rebuilding_does_not_let_half_a_batch_in(log, add):
    add(log)
    whole = log.path.read_bytes()
    *_, last = whole.splitlines(keepends=True)
    log.path.write_bytes(whole + last + last)  # what a writer that died had written of its batch
    assert rebuild(log.path).rows == 3
    assert add(log, first=3).healed is not None
    assert log.read_from()[0]["distance"].tolist() == list(range(6))


def test_a_disk_that_fills_up_while_a_batch_is_gathered(log, add):
    add(log)
    with largest_file(1_000_000), pytest.raises(CourtsideError, match=r"held ready .*nothing was"):
        add(log, rows=200_000)
    assert log.rows() == 3 and verify(log.path) == []
