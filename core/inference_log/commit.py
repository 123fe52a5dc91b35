"""How much of a log counts: the sidecar that says which bytes are committed.

A row exists from the moment the sidecar that covers it has replaced the one before. Bytes after
the committed length are the remains of a writer that died, or rows still being written: readers
never look at them.
"""

from __future__ import annotations

import os
import zlib
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import BinaryIO

from core.errors import CourtsideError, IntegrityError
from core.files import read_json, write_json
from core.inference_log.layout import LogPaths
from core.inference_log.records import read_bytes

FORMAT = 1
_SEAL_BYTES = 256


@dataclass(frozen=True)
class Segment:
    """One CSV file: rows of models that take the same input columns.

    ``bytes`` is the committed length, header included; ``seal`` is a checksum of the header and
    of the last committed bytes, which shows that somebody else rewrote the file;
    ``checkpoint_byte`` is where the index last marked a row.
    """

    number: int
    columns: tuple[str, ...]
    header_bytes: int
    bytes: int
    rows: int
    seal: str
    checkpoint_byte: int = 0


@dataclass(frozen=True)
class Commit:
    """The committed state of a log; the last segment is the one that is appended to."""

    segments: tuple[Segment, ...] = ()
    next_number: int = 1
    last_logged_at: str = ""

    @property
    def rows(self) -> int:
        return sum(segment.rows for segment in self.segments)

    def with_last(self, segment: Segment, last_logged_at: str) -> Commit:
        """The same log with its last segment grown to ``segment``."""
        return replace(self, segments=(*self.segments[:-1], segment), last_logged_at=last_logged_at)


def load_commit(paths: LogPaths) -> Commit | None:
    """The state on disk, None if there is no sidecar; raises IntegrityError if it is not one."""
    try:
        stored = read_json(paths.commit)
        if stored["format"] != FORMAT:
            raise ValueError(f"format {stored['format']}")
        segments = tuple(
            Segment(**{**segment, "columns": tuple(segment["columns"])})
            for segment in stored["segments"]
        )
        return Commit(segments, stored["next_number"], stored["last_logged_at"])
    except FileNotFoundError:
        return None
    except (CourtsideError, ValueError, TypeError, KeyError) as exc:
        raise IntegrityError(
            f"{paths.commit.name} cannot be understood ({exc}); rebuild the inference log, "
            "which recreates it from the CSV."
        ) from exc


def save_commit(paths: LogPaths, commit: Commit) -> None:
    """Make ``commit`` the state of the log, durably: this is the moment that rows count."""
    write_json(paths.commit, {"format": FORMAT, **asdict(commit)})
    sync_folder(paths.commit.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable, where the system can (not on Windows)."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def seal_of(stream: BinaryIO, header_bytes: int, length: int) -> str:
    """Checksum of the header and the last bytes before ``length``."""
    header = read_bytes(stream, 0, min(header_bytes, length))
    last = read_bytes(stream, max(header_bytes, length - _SEAL_BYTES), length)
    return f"{zlib.crc32(last, zlib.crc32(header)):08x}"


def check_segment(stream: BinaryIO, segment: Segment, name: str) -> int:
    """The size of an open segment; raises IntegrityError if it is not as it was committed."""
    size = os.fstat(stream.fileno()).st_size
    advice = "put the original file back, or rebuild the log to accept the file as it is now."
    if size < segment.bytes:
        raise IntegrityError(
            f"{name} should have at least {segment.bytes:,} bytes ({segment.rows:,} rows), but "
            f"has {size:,}: it was cut short. To go on, {advice}"
        )
    if seal_of(stream, segment.header_bytes, segment.bytes) != segment.seal:
        raise IntegrityError(
            f"{name} is not as it was written: it was edited or replaced. To go on, {advice}"
        )
    return size


def missing_segment(name: str, rows: int) -> IntegrityError:
    """The error for a segment whose file is gone."""
    return IntegrityError(
        f"{name} is missing, and {rows:,} logged rows with it. Put the file back, or rebuild "
        "the log to go on without them."
    )
