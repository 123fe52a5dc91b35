"""Appending under the lock: heal, rotate, write, commit.

The order is what keeps the promise. Data reach the disk first, then the sidecar that says how
many bytes count, then the index, then the caller's answer. A process killed before the sidecar
leaves bytes that no reader looks at and that the next append moves away; killed after it, the
rows are there.
"""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from io import FileIO
from pathlib import Path
from typing import Protocol

from core.errors import CourtsideError, IntegrityError
from core.files import atomic_path, file_lock, write_bytes
from core.inference_log.commit import (
    Commit,
    Segment,
    check_segment,
    load_commit,
    missing_segment,
    save_commit,
    seal_of,
    sync_folder,
)
from core.inference_log.index import Checkpoint, add_checkpoints, spaced
from core.inference_log.layout import LogPaths, header_line
from core.inference_log.rebuild import load_or_rebuild_locked
from core.inference_log.records import read_rows

_log = logging.getLogger(__name__)
# Nobody can be stopped while the system syncs: what is left for the last time is so much at most.
_SYNC_BYTES = 32 << 20


class PieceSource(Protocol):
    """What ``append_pieces`` asks of a batch: encoded rows that carry the time of logging."""

    def pieces(self, stamp: str) -> Iterable[tuple[bytes, int]]: ...


@dataclass(frozen=True)
class Written:
    """When rows were logged, and where a torn tail before them was moved, if there was one."""

    logged_at: datetime
    healed: str | None


def iso(moment: datetime) -> str:
    """A UTC time as the log writes it: 32 characters, so that text sorts as time does."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def append_pieces(
    paths: LogPaths, columns: tuple[str, ...], batch: PieceSource, timeout_seconds: float
) -> Written:
    """Add a batch's rows to the log, all or none.

    Raises IntegrityError if the log is not as it was left, CourtsideError if the lock is not
    free in time or the rows cannot be written (a full disk); then nothing was logged.
    """
    with _explained(paths.current.name), file_lock(paths.lock, timeout_seconds):
        commit = load_or_rebuild_locked(paths) or Commit()
        commit, healed = _ready(paths, commit, columns)
        # Time never runs back within a log, even where the clock does: windows rely on it.
        stamp = max(iso(datetime.now(UTC)), commit.last_logged_at)
        segment, checkpoints = _write(paths, commit.segments[-1], batch.pieces(stamp), stamp)
        _commit(paths, commit.segments[-1], commit.with_last(segment, stamp))
        add_checkpoints(paths, checkpoints)
    return Written(datetime.fromisoformat(stamp), healed)


@contextmanager
def _explained(name: str) -> Iterator[None]:
    """A full disk, or a folder that may not be written, in words."""
    try:
        yield
    except OSError as exc:
        raise CourtsideError(
            f"{name} could not be written ({exc.strerror or exc}), so nothing was logged. Make "
            "room, or mend the folder's permissions, and try again."
        ) from exc


def _commit(paths: LogPaths, before: Segment, commit: Commit) -> None:
    """Make the rows count; where that fails or is broken off, take them back."""
    try:
        save_commit(paths, commit)
    except BaseException as exc:
        # The sidecar may have its name already and only the folder's sync have failed: then the
        # rows count, and an error would have somebody log them twice.
        if load_commit(paths) != commit:
            os.truncate(paths.current, before.bytes)
            raise
        if not isinstance(exc, OSError):
            raise
        _log.warning("%s was committed, but its folder could not be synced.", paths.current.name)


def _ready(paths: LogPaths, commit: Commit, columns: tuple[str, ...]) -> tuple[Commit, str | None]:
    """A log whose last segment has these columns and ends where its commit says."""
    if not commit.segments:
        return _begin_segment(paths, commit, columns), None
    last = commit.segments[-1]
    if paths.rotated(last.number).exists():  # a rotation that a crash, or a lost CSV, left open
        return _begin_segment(paths, commit, columns), None
    healed = _heal(paths, last)
    if last.columns == columns:
        return commit, healed
    paths.current.rename(paths.rotated(last.number))
    return _begin_segment(paths, commit, columns), healed


def _begin_segment(paths: LogPaths, commit: Commit, columns: tuple[str, ...]) -> Commit:
    header = header_line(columns)
    if paths.current.exists():
        _refuse_to_replace_rows(paths.current)
    write_bytes(paths.current, header)
    with paths.current.open("rb") as stream:
        seal = seal_of(stream, len(header), len(header))
    segment = Segment(commit.next_number, columns, len(header), len(header), 0, seal)
    begun = Commit((*commit.segments, segment), segment.number + 1, commit.last_logged_at)
    save_commit(paths, begun)
    return begun


def _refuse_to_replace_rows(current: Path) -> None:
    """An interrupted rotation leaves a header alone; anything more is somebody's data."""
    with current.open("rb") as stream:
        rows = sum(len(block.ends) for block in read_rows(stream, 0, current.stat().st_size))
        if rows > 1:
            raise IntegrityError(
                f"{current.name} holds rows that the log does not know of, beside a file with its "
                "rotated number. Move one of them away, then rebuild the log."
            )


def _heal(paths: LogPaths, segment: Segment) -> str | None:
    """Move bytes after the commit to a file of their own; its name, or None if there were none."""
    try:
        stream = paths.current.open("r+b")
    except FileNotFoundError:
        raise missing_segment(paths.current.name, segment.rows) from None
    with stream:
        size = check_segment(stream, segment, paths.current.name)
        if size == segment.bytes:
            return None
        torn = paths.torn(datetime.now(UTC))
        stream.seek(segment.bytes)
        with atomic_path(torn) as temporary, temporary.open("wb") as copy:
            shutil.copyfileobj(stream, copy)
        stream.truncate(segment.bytes)
        os.fsync(stream.fileno())
    sync_folder(torn.parent)
    _log.warning(
        "%s ended in %d bytes that were never committed, left by a process that died while "
        "writing; they are now in %s.",
        paths.current.name,
        size - segment.bytes,
        torn.name,
    )
    return torn.name


def _write(
    paths: LogPaths, segment: Segment, pieces: Iterable[tuple[bytes, int]], stamp: str
) -> tuple[Segment, list[Checkpoint]]:
    """Write after the committed end and sync; the segment as it will be, and its checkpoints."""
    # Unbuffered: what a full disk refused must not be tried again when the file is cut back.
    with paths.current.open("r+b", buffering=0) as stream:
        try:
            starts, end, rows = _write_pieces(stream, segment, pieces, stamp)
            os.fsync(stream.fileno())
        except BaseException:
            stream.truncate(segment.bytes)
            raise
        seal = seal_of(stream, segment.header_bytes, end)
    checkpoints = spaced(starts, segment.checkpoint_byte)
    marked = checkpoints[-1].byte if checkpoints else segment.checkpoint_byte
    grown = replace(segment, bytes=end, rows=rows, seal=seal, checkpoint_byte=marked)
    return grown, checkpoints


def _write_pieces(
    stream: FileIO, segment: Segment, pieces: Iterable[tuple[bytes, int]], stamp: str
) -> tuple[list[Checkpoint], int, int]:
    starts, byte, row = [], segment.bytes, segment.rows
    synced = byte
    stream.seek(byte)
    for data, rows in pieces:
        starts.append(Checkpoint(segment.number, byte, row, stamp))
        _write_all(stream, data)
        byte, row = byte + len(data), row + rows
        if byte - synced >= _SYNC_BYTES:
            os.fsync(stream.fileno())
            synced = byte
    return starts, byte, row


def _write_all(stream: FileIO, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[stream.write(rest) :]
