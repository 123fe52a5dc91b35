"""Scored files, looked at and taken away: to the browser what it can hold, else where they lie."""

from __future__ import annotations

import io as byte_io
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from core.dataset import io
from core.inference_log import neutralise_formulas
from core.settings import Settings

if TYPE_CHECKING:
    import pandas as pd

# Rough, and on the safe side: numbers and short text with their comma.
_BYTES_PER_CELL = 12
FORMATS = ("parquet", "csv")


@dataclass(frozen=True)
class Download:
    """A scored file in one format. ``why_not``: why the browser does not get it, or None."""

    path: Path
    kind: str
    why_not: str | None

    @property
    def file_name(self) -> str:
        return f"{self.path.stem}.{self.kind}"

    def content(self) -> bytes:
        """The bytes; parquet as it is, CSV such that no spreadsheet runs it as formulas."""
        if self.kind == "parquet":
            return self.path.read_bytes()
        written = byte_io.StringIO()
        for place, piece in enumerate(io.iter_table(self.path)):
            neutralise_formulas(piece).to_csv(written, index=False, header=not place)
        return written.getvalue().encode("utf-8")


def downloads(settings: Settings, path: Path) -> list[Download]:
    """The file in each format; the server holds a download in memory, so that large ones stay.

    DataFileError where the file is gone.
    """
    return [Download(path, kind, _why_not(settings, path, kind)) for kind in FORMATS]


def _why_not(settings: Settings, path: Path, kind: str) -> str | None:
    table = io.TableFile(path)
    cells = table.rows * len(table.names)
    size = path.stat().st_size if kind == "parquet" else cells * _BYTES_PER_CELL
    limit = settings.max_download_megabytes
    if size <= limit * 1_000_000:
        return None
    shown = path.relative_to(settings.home) if path.is_relative_to(settings.home) else path
    return (
        f"About {size / 1e6:,.0f} MB as {kind}, more than the {limit:,} MB that the browser gets. "
        f"It lies on the server: {shown}"
    )


def head(path: Path, rows: int = 20) -> pd.DataFrame:
    """The first rows of a scored file; DataFileError if it is gone."""
    return io.plain_frame(io.TableFile(path).head(rows))
