"""Making the sidecars anew from the CSV files, which are the truth."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.compute as pc

from core.errors import IntegrityError
from core.files import file_lock
from core.inference_log.commit import (
    Commit,
    Segment,
    check_segment,
    load_commit,
    save_commit,
    seal_of,
)
from core.inference_log.decode import decode_rows
from core.inference_log.index import Checkpoint, replace_index, spaced
from core.inference_log.layout import LogPaths, parse_header
from core.inference_log.records import Rows, read_rows

_BLOCK_BYTES = 1 << 20


@dataclass(frozen=True)
class Scanned:
    """A segment as its file has it; ``checkpoints`` is empty if its times are out of order."""

    segment: Segment
    checkpoints: list[Checkpoint]
    last_logged_at: str


def rebuild(path: Path) -> Commit:
    """Recreate the commit sidecar and the index of the log at ``path`` from its CSV files.

    Every complete row counts again, an incomplete last one does not; nor do rows after the end of a
    commit that still fits the file, which may be half of a batch whose writer died. Accepts files
    that were edited by hand, cut short or removed. Raises IntegrityError, and changes nothing,
    where a file is not a log or a row has the wrong fields.
    """
    paths = LogPaths(path)
    with file_lock(paths.lock):
        return _rebuild_locked(paths)


def load_or_rebuild(paths: LogPaths) -> Commit | None:
    """The log's state, rebuilt if its sidecar is gone; None if there is no log yet."""
    commit = load_commit(paths)
    if commit is not None or not _files_exist(paths):
        return commit
    with file_lock(paths.lock):
        return load_or_rebuild_locked(paths)


def load_or_rebuild_locked(paths: LogPaths) -> Commit | None:
    """As ``load_or_rebuild``, for a caller that holds the lock."""
    commit = load_commit(paths)
    if commit is not None:
        return commit
    if not _files_exist(paths):
        paths.index.unlink(missing_ok=True)  # of a log that was deleted: its times mislead
        return None
    return _rebuild_locked(paths)


def _files_exist(paths: LogPaths) -> bool:
    return paths.current.exists() or bool(paths.rotated_numbers())


def _rebuild_locked(paths: LogPaths) -> Commit:
    known = _last_known(paths)
    numbers = paths.rotated_numbers()
    files = [(number, paths.rotated(number)) for number in numbers]
    next_number = max([known.next_number, *(number + 1 for number in numbers)])
    if paths.current.exists():
        number = _current_number(known, numbers, next_number)
        files.append((number, paths.current))
        next_number = max(next_number, number + 1)
    scanned, latest = [], ""
    for number, file in files:
        found = _scan(number, file, latest, _committed_end(known, number, file))
        latest = max(latest, found.last_logged_at)
        scanned.append(found)
    commit = Commit(tuple(found.segment for found in scanned), next_number, latest)
    # The index first: with an old commit it is merely unused, an old one would mislead.
    replace_index(paths, [point for found in scanned for point in found.checkpoints])
    save_commit(paths, commit)
    return commit


def _last_known(paths: LogPaths) -> Commit:
    try:
        return load_commit(paths) or Commit()
    except IntegrityError:
        return Commit()


def _current_number(known: Commit, rotated: list[int], next_number: int) -> int:
    """Readers hold positions by number: keep the one it had, if it is not rotated since."""
    last = known.segments[-1].number if known.segments else 0
    return last if last and last not in rotated else next_number


def _committed_end(known: Commit, number: int, file: Path) -> int | None:
    """Where the file was committed up to, if it still is as it was then."""
    segment = next((one for one in known.segments if one.number == number), None)
    if segment is None:
        return None
    with file.open("rb") as stream:
        try:
            check_segment(stream, segment, file.name)
        except IntegrityError:
            return None
    return segment.bytes


def _scan(number: int, file: Path, latest: str, end: int | None) -> Scanned:
    with file.open("rb") as stream:
        size = file.stat().st_size if end is None else end
        header = next(read_rows(stream, 0, size, _BLOCK_BYTES), None)
        if header is None:
            raise IntegrityError(
                f"{file.name} should begin with a header line; found none in {size:,} bytes. "
                "Move the file away, then rebuild the log."
            )
        first = header.slice(0, 1)
        columns = parse_header(first.data, file.name)
        segment = Segment(number, columns, first.stop, first.stop, 0, "")
        checkpoints: list[Checkpoint] = []
        ordered = True
        for point, rows, times in _timed_rows(stream, segment, size, file.name):
            ordered = ordered and point.logged_at >= latest and _ascending(times)
            latest = max(latest, _text(pc.max(times)))
            checkpoints.append(point)
            segment = replace(segment, bytes=rows.stop, rows=segment.rows + len(rows.ends))
        kept = spaced(checkpoints, 0) if ordered else []
        seal = seal_of(stream, segment.header_bytes, segment.bytes)
        marked = kept[-1].byte if kept else 0
        return Scanned(replace(segment, seal=seal, checkpoint_byte=marked), kept, latest)


def _timed_rows(
    stream: BinaryIO, segment: Segment, size: int, name: str
) -> Iterator[tuple[Checkpoint, Rows, pa.ChunkedArray]]:
    row = 0
    for rows in read_rows(stream, segment.header_bytes, size, _BLOCK_BYTES):
        times = decode_rows(rows.data, segment.columns, name)["logged_at"]
        if times.null_count or len(times) != len(rows.ends):
            raise IntegrityError(
                f"{name} has rows without a time of logging after row {row:,}. Mend or remove "
                "them, then rebuild the log."
            )
        yield Checkpoint(segment.number, rows.start, row, _text(times[0])), rows, times
        row += len(rows.ends)


def _ascending(times: pa.ChunkedArray) -> bool:
    ticks = times.cast(pa.int64()).to_numpy()
    return bool((ticks[1:] >= ticks[:-1]).all())


def _text(moment: pa.TimestampScalar) -> str:
    return moment.as_py().isoformat(timespec="microseconds")
