"""Files that are whole or absent: atomic writes, locks between processes, checksums."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from core.errors import CourtsideError

_NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
# Libraries, SQLite among them, wrap the number in an error of their own.
_NO_SPACE_WORDS = ("No space left on device", "database or disk is full", "Disk quota exceeded")


@contextmanager
def atomic_path(target: Path) -> Iterator[Path]:
    """Yield a temporary path beside ``target``; it takes the name when the block succeeds.

    Absent folders are made. If the block raises, ``target`` is as it was and the temporary
    file is gone.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(
        dir=target.parent, prefix=f".{target.stem}-", suffix=target.suffix
    )
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        with temporary.open("rb") as written:
            os.fsync(written.fileno())
        temporary.chmod(0o644)
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(target: Path, text: str) -> None:
    """Write UTF-8 text atomically."""
    with atomic_path(target) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="")


def write_bytes(target: Path, content: bytes) -> None:
    """Write bytes atomically."""
    with atomic_path(target) as temporary:
        temporary.write_bytes(content)


def write_json(target: Path, value: Any) -> None:
    """Write JSON atomically; not-a-number is refused, since JSON has no word for it."""
    write_text(target, json.dumps(value, indent=2, allow_nan=False, ensure_ascii=False) + "\n")


def read_json(source: Path) -> Any:
    """Read JSON; raises FileNotFoundError where absent, CourtsideError where it is not JSON."""
    try:
        return json.loads(source.read_text(encoding="utf-8"))
    except ValueError as exc:
        raise CourtsideError(f"{source} is not valid JSON ({exc}).") from exc


@contextmanager
def file_lock(path: Path, timeout_seconds: float = 30.0) -> Iterator[None]:
    """Hold an exclusive lock between threads and processes; the lock file stays in place.

    The lock ends with the process that holds it, however that process ends.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path)
    try:
        lock.acquire(timeout=timeout_seconds)
    except Timeout as exc:
        raise CourtsideError(
            f"{path.name} has been locked by another process for over {timeout_seconds:g} s; "
            "wait for it to finish and try again."
        ) from exc
    try:
        yield
    finally:
        lock.release()


def sha256_of(path: Path) -> str:
    """Hex digest of a file, read in pieces."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while piece := stream.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()


def is_disk_full(error: BaseException | None) -> bool:
    """Whether an error, or one that led to it, says that a disk or a quota is full."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        if isinstance(error, OSError) and error.errno in _NO_SPACE:
            return True
        if any(words in str(error) for words in _NO_SPACE_WORDS):
            return True
        error = error.__cause__ or error.__context__
    return False
