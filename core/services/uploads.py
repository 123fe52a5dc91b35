"""Files that people bring: uploaded for the length of a block, or put into the project's inbox."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from core.dataset import io
from core.errors import DataFileError
from core.files import atomic_path
from core.settings import Settings


@dataclass(frozen=True)
class ServerFile:
    """A table that lies on the server where the app may look: ``place`` is 01_raw or inbox."""

    place: str
    name: str
    path: Path
    size_bytes: int
    changed_ns: int

    @property
    def key(self) -> str:
        """What names it in a choice: never a path that somebody could have typed."""
        return f"{self.place}/{self.name}"


@contextmanager
def received(settings: Settings, project: str, name: str, content: BinaryIO) -> Iterator[Path]:
    """An upload under its own name in a folder of its own; gone when the block ends.

    Raises DataFileError for a name that is no parquet or CSV file's.
    """
    folder = settings.layer(project, "07_model_output")
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".upload-") as place:
        path = Path(place) / _safe(name)
        _copy(content, path)
        yield path


def keep(settings: Settings, project: str, name: str, content: BinaryIO) -> Path:
    """Put an upload into the inbox, where a background job finds it; a taken name gets the time."""
    target = settings.inbox(project) / _safe(name)
    if target.exists():
        stem, dot, rest = target.name.partition(".")
        moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")
        target = target.with_name(f"{stem}_{moment}{dot}{rest}")
    with atomic_path(target) as temporary:
        _copy(content, temporary)
    return target


def on_server(settings: Settings, project: str) -> list[ServerFile]:
    """Tables in the project's inbox and 01_raw, newest first; links that lead elsewhere are not."""
    folders = {"inbox": settings.inbox(project), "01_raw": settings.layer(project, "01_raw")}
    found = [
        ServerFile(place, path.name, path, path.stat().st_size, path.stat().st_mtime_ns)
        for place, folder in folders.items()
        if folder.is_dir()
        for path in folder.iterdir()
        if path.name.lower().endswith(io.NAMES) and _lies_in(path, folder)
    ]
    return sorted(found, key=lambda file: (file.place != "inbox", -file.changed_ns))


def chosen(settings: Settings, project: str, key: str) -> ServerFile:
    """The file that a choice names; DataFileError where it is not among those listed."""
    for file in on_server(settings, project):
        if file.key == key:
            return file
    raise DataFileError(
        f"There is no table {key!r} in this project's 01_raw or inbox; it may have been moved."
    )


def _lies_in(path: Path, folder: Path) -> bool:
    if path.name.startswith(".") or not path.is_file():
        return False
    return path.resolve().parent == folder.resolve()


def _safe(name: str) -> str:
    safe = io.check_file_name(name)
    stem, dot, rest = safe.partition(".")
    return f"{stem}{dot}{rest.lower()}"


def _copy(content: BinaryIO, path: Path) -> None:
    content.seek(0)
    with path.open("wb") as stream:
        shutil.copyfileobj(content, stream, 1 << 20)
