"""Finding out whether a log is whole, without changing anything."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from core.errors import IntegrityError
from core.files import file_lock
from core.inference_log.commit import Commit, Segment, load_commit
from core.inference_log.decode import decode_rows
from core.inference_log.identity import PredictionIds, hashes
from core.inference_log.index import load_checkpoints
from core.inference_log.layout import LogPaths, parse_header
from core.inference_log.reader import open_segment
from core.inference_log.records import read_bytes, read_rows

_EXAMPLES = 5
_EARLIEST = np.iinfo(np.int64).min


@dataclass(frozen=True)
class Findings:
    """What a look at every row gave. ``notes`` are no problems: the log heals them by itself."""

    rows: int = 0
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def verify(path: Path) -> list[str]:
    """All that ``examine`` finds at ``path``, one sentence each; empty for a log that is whole."""
    found = examine(path)
    return [*found.notes, *found.problems]


def examine(path: Path) -> Findings:
    """Read every committed row: header, number of fields, values, order of time, unique ids.

    Also whether the sidecars say what the files hold. Memory: a few megabytes, and 16 bytes
    a row for the ids.
    """
    paths = LogPaths(path)
    if not path.parent.is_dir():
        return Findings()
    try:
        with file_lock(paths.lock):
            commit = load_commit(paths)
            notes = tuple(_uncommitted(paths, commit))
    except IntegrityError as exc:
        return Findings(problems=(str(exc),))
    if commit is None:
        lost = f"{paths.commit.name} is missing; rebuild the log."
        exists = path.exists() or bool(paths.rotated_numbers())
        return Findings(problems=(lost,) if exists else ())
    problems: list[str] = []
    ids = PredictionIds()
    for segment in commit.segments:
        try:
            problems += _segment_problems(paths, segment, ids)
        except IntegrityError as exc:
            problems.append(str(exc))
    return Findings(ids.rows, (*problems, *_repeated(paths, commit, ids)), notes)


def _uncommitted(paths: LogPaths, commit: Commit | None) -> Iterator[str]:
    if commit is None or not commit.segments:
        return
    last = commit.segments[-1]
    file = paths.segment(last.number)
    extra = file.stat().st_size - last.bytes if file.exists() else 0
    if extra > 0:
        yield (
            f"{file.name} ends in {extra:,} bytes that were never committed; the next append "
            "moves them to a file beside it."
        )


def _segment_problems(paths: LogPaths, segment: Segment, ids: PredictionIds) -> list[str]:
    """Problems of one segment; its prediction ids are added to ``ids``."""
    name = paths.segment(segment.number).name
    problems: list[str] = []
    bad_rows: list[str] = []

    def note(row: csv.InvalidRow) -> str:
        bad_rows.append(f"{row.actual_columns} fields for {row.expected_columns}")
        return "skip"

    seen, latest = 0, _EARLIEST
    row_at: dict[int, int] = {}
    marks = {point.byte: point.row for point in load_checkpoints(paths, segment)}
    with open_segment(paths, segment) as stream:
        columns = parse_header(read_bytes(stream, 0, segment.header_bytes), name)
        for rows in read_rows(stream, segment.header_bytes, segment.bytes):
            table = decode_rows(rows.data, columns, name, on_bad_row=note)
            ids.add(table["prediction_id"])
            starts = rows.start + np.concatenate(([0], rows.ends[:-1]))
            row_at |= {int(b): seen + i for i, b in enumerate(starts) if int(b) in marks}
            times = np.append(latest, table["logged_at"].cast(pa.int64()).to_numpy())
            if (times[1:] < times[:-1]).any():
                problems.append(f"{name} has times of logging out of order after row {seen:,}.")
            seen, latest = seen + len(rows.ends), times.max()
    if columns != segment.columns or seen != segment.rows:
        problems.append(
            f"{name} has {seen:,} rows of {', '.join(columns)}, but {paths.commit.name} says "
            f"{segment.rows:,} of {', '.join(segment.columns)}; rebuild the log."
        )
    if bad_rows:
        problems.append(
            f"{name} has {len(bad_rows):,} rows with the wrong number of fields "
            f"({', '.join(sorted(set(bad_rows))[:_EXAMPLES])}); mend or remove them and rebuild."
        )
    if row_at != marks:
        problems.append(f"{paths.index.name} marks wrong places in {name}; rebuild the log.")
    return problems


def _repeated(paths: LogPaths, commit: Commit, ids: PredictionIds) -> list[str]:
    """One sentence about ids that occur twice; reads the ids again only if any may do."""
    suspects = ids.suspects()
    if not suspects.size:
        return []
    found: list[pa.Array] = []
    for segment in commit.segments:
        found += _ids_among(paths, segment, suspects)
    counts = pc.value_counts(pa.chunked_array(found, pa.string()))
    repeated = counts.filter(pc.greater(counts.field("counts"), 1)).field("values").to_pylist()
    if not repeated:
        return []
    examples = ", ".join(map(str, repeated[:_EXAMPLES]))
    return [f"{len(repeated):,} prediction ids occur more than once, such as {examples}."]


def _ids_among(paths: LogPaths, segment: Segment, suspects: np.ndarray) -> Iterator[pa.Array]:
    name = paths.segment(segment.number).name
    try:
        with open_segment(paths, segment) as stream:
            for rows in read_rows(stream, segment.header_bytes, segment.bytes):
                table = decode_rows(
                    rows.data,
                    segment.columns,
                    name,
                    only=["prediction_id"],
                    on_bad_row=lambda _: "skip",
                )
                cells = table["prediction_id"].combine_chunks()
                yield cells.filter(pa.array(np.isin(hashes(cells), suspects)))
    except IntegrityError:
        return  # told already
