"""What a file is, by its name and its first bytes, and its content unpacked within a limit.

A table may come as it is or packed: ``shots.csv.gz``, ``shots.parquet.zst``. What is packed is
unpacked while it is read and counted, so that a small file that unpacks to a huge one is refused
at the limit and never fills memory or disk.
"""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from core.errors import DataFileError

SUFFIXES = (".parquet", ".csv")
PACKED_SUFFIXES = {".gz": "gzip", ".zst": "zstd"}
NAMES = tuple(f"{suffix}{packed}" for suffix in SUFFIXES for packed in ("", *PACKED_SUFFIXES))
UNPACKED_LIMIT_BYTES = 16 << 30
_MAGIC = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd"}
_PIECE_BYTES = 4 << 20
_PARQUET = b"PAR1"

Format = Literal["parquet", "csv"]


@dataclass(frozen=True)
class FileKind:
    """``format`` of the table inside, and how it is packed ("gzip", "zstd" or None)."""

    format: Format
    packing: str | None


def kind_of(path: Path) -> FileKind:
    """What the file says it is by its name, corrected by its first bytes.

    Raises DataFileError where there is no such file, it is empty, or named like neither.
    """
    if not path.is_file():
        raise DataFileError(f"There is no file {path.name} in {path.parent}; check the path.")
    bare, _ = split_name(path.name)
    if not bare.lower().endswith(SUFFIXES):
        raise DataFileError(f"Expected a .parquet or .csv file; found {path.name!r}.")
    with path.open("rb") as stream:
        first = stream.read(4)
    if not first:
        raise DataFileError(f"{path.name} is empty (0 bytes); choose a file with data.")
    packing = next((name for magic, name in _MAGIC.items() if first.startswith(magic)), None)
    is_parquet = bare.lower().endswith(".parquet") or first == _PARQUET
    return FileKind("parquet" if is_parquet else "csv", packing)


def split_name(name: str) -> tuple[str, str]:
    """``shots.csv.gz`` as ``("shots.csv", ".gz")``; the second is empty where nothing is packed."""
    for suffix in PACKED_SUFFIXES:
        if name.lower().endswith(suffix):
            return name[: -len(suffix)], name[-len(suffix) :]
    return name, ""


class Unpacked(io.RawIOBase):
    """The bytes of a file, unpacked where they are packed; DataFileError past ``limit_bytes``."""

    def __init__(self, path: Path, packing: str | None, limit_bytes: int) -> None:
        import pyarrow as pa

        self._name = path.name
        self._packing = packing
        self._limit = limit_bytes
        self._taken = 0
        self._raw = pa.OSFile(str(path))
        self._stream = pa.CompressedInputStream(self._raw, packing) if packing else self._raw

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        if size is None or size < 0:
            return b"".join(iter(lambda: self.read(_PIECE_BYTES), b""))
        data: bytes = self._explained(lambda: self._stream.read(size))
        self._taken += len(data)
        if self._packing and self._taken > self._limit:
            raise DataFileError(
                f"{self._name} unpacks to more than {self._limit / 1e6:,.0f} MB, the most that is "
                "allowed. Split it, or raise COURTSIDE_MAX_UNPACKED_MB."
            )
        return data

    def readinto(self, buffer: Any) -> int:
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def _explained(self, read: Callable[[], bytes]) -> bytes:
        try:
            return read()
        except (OSError, EOFError, ValueError) as exc:
            raise DataFileError(
                f"{self._name} is packed with {self._packing}, but what is inside is truncated or "
                "damaged; pack or copy it again."
                if self._packing
                else f"{self._name} could not be read ({exc})."
            ) from exc

    def close(self) -> None:
        if not self.closed:
            self._stream.close()
            self._raw.close()
        super().close()


def unpacked_copy(path: Path, packing: str, limit_bytes: int, folder: Path | None) -> Any:
    """A packed file as an open Arrow file without a name, which needs room on the disk only.

    Parquet is read from its end, so that it cannot be unpacked on the way.
    """
    import pyarrow as pa

    with tempfile.NamedTemporaryFile(dir=folder, prefix=".unpacked-") as copy:
        with Unpacked(path, packing, limit_bytes) as stream:
            while piece := stream.read(_PIECE_BYTES):
                copy.write(piece)
        copy.flush()
        return pa.OSFile(copy.name)
