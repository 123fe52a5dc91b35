"""What a log consists of, from its sidecar and the names beside it; reads no row."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from core.inference_log.layout import LogPaths
from core.inference_log.rebuild import load_or_rebuild


@dataclass(frozen=True)
class SegmentFile:
    """One CSV file of the log: its name, what counts of it, and the input columns it holds."""

    file: str
    rows: int
    bytes: int
    columns: tuple[str, ...]


@dataclass(frozen=True)
class Survey:
    """The log's files, oldest first, and the torn tails that were moved aside beside them."""

    segments: tuple[SegmentFile, ...]
    torn: tuple[str, ...]
    last_logged_at: str

    @property
    def rows(self) -> int:
        return sum(segment.rows for segment in self.segments)


def survey(path: Path) -> Survey:
    """The log at ``path``, no segments if there is none yet; IntegrityError as for readers."""
    paths = LogPaths(path)
    commit = load_or_rebuild(paths)
    segments = tuple(
        SegmentFile(paths.segment(one.number).name, one.rows, one.bytes, one.columns)
        for one in (commit.segments if commit else ())
    )
    return Survey(segments, torn_files(paths), commit.last_logged_at if commit else "")


def torn_files(paths: LogPaths) -> tuple[str, ...]:
    """Names of the files that hold what writers which died had left, oldest first."""
    name = re.compile(
        rf"{re.escape(paths.current.stem)}\.torn-\w+{re.escape(paths.current.suffix)}"
    )
    if not paths.current.parent.is_dir():
        return ()
    return tuple(sorted(e.name for e in paths.current.parent.iterdir() if name.fullmatch(e.name)))
