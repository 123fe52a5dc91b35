"""A sparse index of a log: every so often, where a row begins and when it was logged.

Times never go back within a log, so each checkpoint says: rows of its segment before ``byte``
were logged at or before ``logged_at``, rows from there on at or after. That lets a window or a tail
be read without the history. The index is written after the rows are committed and is never
needed for being right: a missing or torn line only means that more is read.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable
from dataclasses import asdict, dataclass

from core.files import write_text
from core.inference_log.commit import Segment
from core.inference_log.layout import LogPaths

_log = logging.getLogger(__name__)

SPACING_BYTES = 256 << 10


@dataclass(frozen=True)
class Checkpoint:
    """Row number ``row`` of ``segment`` (from 0) begins at ``byte``."""

    segment: int
    byte: int
    row: int
    logged_at: str


def add_checkpoints(paths: LogPaths, checkpoints: Iterable[Checkpoint]) -> None:
    """Append to the index; call it only for rows that are committed.

    Does not fail: the rows count already, and whoever heard of an error would log them again.
    """
    lines = "".join(json.dumps(asdict(checkpoint)) + "\n" for checkpoint in checkpoints)
    if not lines:
        return
    try:
        with paths.index.open("a", encoding="utf-8") as stream:
            stream.write(lines)
    except OSError as exc:
        _log.warning(
            "%s could not be written (%s); reading costs more until it is.", paths.index.name, exc
        )


def replace_index(paths: LogPaths, checkpoints: Iterable[Checkpoint]) -> None:
    """Write the whole index anew."""
    write_text(paths.index, "".join(json.dumps(asdict(point)) + "\n" for point in checkpoints))


def load_checkpoints(paths: LogPaths, segment: Segment) -> list[Checkpoint]:
    """The committed checkpoints of one segment, in order; lines torn by a crash are skipped."""
    try:
        lines = paths.index.read_bytes().splitlines()
    except FileNotFoundError:
        return []
    points = (_parse(line) for line in lines)
    mine = (p for p in points if p and p.segment == segment.number and p.byte < segment.bytes)
    return sorted(mine, key=lambda point: point.byte)


def _parse(line: bytes) -> Checkpoint | None:
    try:
        return Checkpoint(**json.loads(line))
    except (ValueError, TypeError):
        return None


def spaced(checkpoints: Iterable[Checkpoint], last_byte: int) -> list[Checkpoint]:
    """Those at least ``SPACING_BYTES`` after the one before; ``last_byte`` 0 means none yet."""
    kept = []
    for point in checkpoints:
        if not last_byte or point.byte - last_byte >= SPACING_BYTES:
            kept.append(point)
            last_byte = point.byte
    return kept


def first_byte_since(checkpoints: list[Checkpoint], since: str, default: int) -> int:
    """Where to begin reading so that no row logged at or after ``since`` is missed."""
    earlier = [point.byte for point in checkpoints if point.logged_at < since]
    return earlier[-1] if earlier else default


def last_byte_until(checkpoints: list[Checkpoint], until: str, default: int) -> int:
    """Where reading can stop so that no row logged before ``until`` is missed."""
    return next((point.byte for point in checkpoints if point.logged_at >= until), default)
