"""What people upload, as a file for the length of a block."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from core.dataset import io
from core.settings import Settings


@contextmanager
def received(settings: Settings, project: str, name: str, content: BinaryIO) -> Iterator[Path]:
    """An upload under its own name in a folder of its own; gone when the block ends.

    Raises DataFileError for a name that is no parquet or CSV file's.
    """
    safe = io.check_file_name(name)
    folder = settings.layer(project, "07_model_output")
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".upload-") as place:
        path = Path(place) / f"{Path(safe).stem}{Path(safe).suffix.lower()}"
        content.seek(0)
        with path.open("wb") as stream:
            shutil.copyfileobj(content, stream)
        yield path
