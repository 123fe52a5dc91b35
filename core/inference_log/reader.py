"""Reading without a lock: committed rows only, and no more of them than the question needs."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from core.errors import BadInput
from core.inference_log.commit import Commit, Segment, check_segment, missing_segment
from core.inference_log.decode import decode_rows, empty_table
from core.inference_log.index import first_byte_since, last_byte_until, load_checkpoints
from core.inference_log.layout import HEAD, TAIL, LogPaths, Position, RowSpan
from core.inference_log.records import read_bytes, read_rows
from core.inference_log.writer import iso


def union_columns(commit: Commit, columns: tuple[str, ...]) -> tuple[str, ...]:
    """The input columns of every segment, in order of first appearance; ``columns`` if none."""
    names = [name for segment in commit.segments for name in segment.columns]
    return tuple(dict.fromkeys(names or columns))


def open_segment(paths: LogPaths, segment: Segment) -> BinaryIO:
    """Open a segment and check that it is as committed; raises IntegrityError if not."""
    rotated = paths.rotated(segment.number)
    try:
        stream = (rotated if rotated.exists() else paths.current).open("rb")
        if rotated.exists() and not _same_file(stream, rotated):
            # It was rotated between the look and the opening.
            stream.close()
            stream = rotated.open("rb")
    except FileNotFoundError:
        if not rotated.exists():
            raise missing_segment(paths.current.name, segment.rows) from None
        stream = rotated.open("rb")
    try:
        check_segment(stream, segment, paths.segment(segment.number).name)
    except BaseException:
        stream.close()
        raise
    return stream


def _same_file(stream: BinaryIO, path: Path) -> bool:
    return os.path.samestat(os.fstat(stream.fileno()), path.stat())


def read_after(
    paths: LogPaths, commit: Commit, position: Position | None, max_rows: int | None
) -> tuple[list[pa.Table], Position]:
    """Tables of the rows after ``position``, oldest first, and the place after the last."""
    place = position or Position(0, 0)
    _check_known(paths, commit, place)
    tables: list[pa.Table] = []
    wanted = max_rows
    for segment in commit.segments:
        if segment.number < place.segment:
            continue
        start = place.byte if segment.number == place.segment else 0
        place = Position(segment.number, max(start, segment.header_bytes))
        for table, stop in _read(paths, segment, place.byte, segment.bytes, wanted):
            tables.append(table)
            place = Position(segment.number, stop)
            wanted = None if wanted is None else wanted - len(table)
        if wanted == 0:
            break
    return tables, place


def has_request(paths: LogPaths, commit: Commit, request_id: str, place: Position) -> bool:
    """Whether a row after ``place`` is of this request; BadInput as ``read_after``."""
    _check_known(paths, commit, place)
    for segment in commit.segments:
        if segment.number < place.segment:
            continue
        start = place.byte if segment.number == place.segment else 0
        start = max(start, segment.header_bytes)
        for table, _ in _read(paths, segment, start, segment.bytes, None, only=["request_id"]):
            if pc.any(pc.equal(table["request_id"], request_id)).as_py():
                return True
    return False


def _check_known(paths: LogPaths, commit: Commit, place: Position) -> None:
    """Raise BadInput unless a row begins at ``place``, or the log ends there."""
    numbers = [segment.number for segment in commit.segments]
    at = next((segment for segment in commit.segments if segment.number == place.segment), None)
    known = place.segment < max(numbers, default=1) if at is None else place.byte <= at.bytes
    if at is not None and known and place.byte:
        with open_segment(paths, at) as stream:
            known = read_bytes(stream, place.byte - 1, place.byte) == b"\n"
    if not known:
        raise BadInput(
            f"The inference log has no row at {place.as_json()}: it was replaced since that "
            "position was kept. Read again from the start."
        )


def read_tail(paths: LogPaths, commit: Commit, rows: int) -> Iterator[pa.Table]:
    """Tables of the last ``rows`` rows, oldest first, a few megabytes at a time."""
    wanted = min(max(rows, 0), commit.rows)
    if not wanted:
        return iter(())
    return read_span(paths, commit, RowSpan(commit.rows - wanted, wanted))


def read_span(paths: LogPaths, commit: Commit, span: RowSpan) -> Iterator[pa.Table]:
    """Tables of the rows of ``span``, oldest first, as ``read_tail``; of absent ones, none."""
    first, wanted = span.first, span.rows
    for segment in commit.segments:
        skipped = min(first, segment.rows)
        taken = min(wanted, segment.rows - skipped)
        if taken:
            yield from _rows_at(paths, segment, skipped, taken)
        first -= skipped
        wanted -= taken


def _rows_at(paths: LogPaths, segment: Segment, first: int, wanted: int) -> Iterator[pa.Table]:
    points = [p for p in load_checkpoints(paths, segment) if p.row <= first]
    byte, row = (points[-1].byte, points[-1].row) if points else (segment.header_bytes, 0)
    for table, _ in _read(paths, segment, byte, segment.bytes, wanted, skip=first - row):
        yield table


def read_between(
    paths: LogPaths, commit: Commit, since: datetime | None, until: datetime | None
) -> Iterator[pa.Table]:
    """Tables of the rows with ``since <= logged_at < until``, oldest first, as ``read_tail``."""
    for segment in commit.segments:
        points = load_checkpoints(paths, segment)
        start, stop = segment.header_bytes, segment.bytes
        if since is not None:
            start = first_byte_since(points, iso(since), start)
        if until is not None:
            stop = last_byte_until(points, iso(until), stop)
        for table, _ in _read(paths, segment, start, stop, None):
            yield table.filter(_inside(table["logged_at"], since, until))


def holding(table: pa.Table, values: Mapping[str, str]) -> pa.Table:
    """The rows whose columns hold these texts."""
    for name, value in values.items():
        table = table.filter(pc.equal(table[name], value))
    return table


def _inside(
    times: pa.ChunkedArray, since: datetime | None, until: datetime | None
) -> pa.ChunkedArray:
    kept = pa.chunked_array([np.ones(len(times), dtype=bool)])
    if since is not None:
        kept = pc.and_(kept, pc.greater_equal(times, pa.scalar(since, times.type)))
    if until is not None:
        kept = pc.and_(kept, pc.less(times, pa.scalar(until, times.type)))
    return kept


def _read(
    paths: LogPaths,
    segment: Segment,
    start: int,
    stop: int,
    wanted: int | None,
    skip: int = 0,
    only: Sequence[str] | None = None,
) -> Iterator[tuple[pa.Table, int]]:
    """Tables of rows in ``[start, stop)`` less the first ``skip``, with the byte after each.

    ``only``: these columns.
    """
    if start >= stop or wanted == 0:
        return
    with open_segment(paths, segment) as stream:
        name = paths.segment(segment.number).name
        for rows in read_rows(stream, start, stop):
            first = min(skip, len(rows.ends))
            skip -= first
            last = len(rows.ends) if wanted is None else min(first + wanted, len(rows.ends))
            if last > first:
                part = rows.slice(first, last)
                yield decode_rows(part.data, segment.columns, name, only=only), part.stop
                wanted = None if wanted is None else wanted - (last - first)
            if wanted == 0:
                return


def one_table(tables: Iterable[pa.Table], columns: tuple[str, ...]) -> pa.Table:
    """The tables as one, with every column of ``columns`` and empty cells where one had none."""
    whole = pa.concat_tables([empty_table(columns), *tables], promote_options="default")
    return whole.select([*HEAD, *columns, *TAIL])
