"""Bytes of a log's file, and where its rows end: a line feed outside quotes ends a row."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np

BLOCK_BYTES = 4 << 20
_LINE_FEED, _QUOTE = 10, 34


@dataclass(frozen=True)
class Rows:
    """Whole rows of a file: ``data`` lies at ``start``; ``ends`` are offsets just after each."""

    start: int
    data: bytes
    ends: np.ndarray

    @property
    def stop(self) -> int:
        return self.start + len(self.data)

    def slice(self, first: int, last: int) -> Rows:
        """Rows ``first`` to ``last`` (exclusive) of this block."""
        begin = int(self.ends[first - 1]) if first else 0
        end = int(self.ends[last - 1]) if last else 0
        return Rows(self.start + begin, self.data[begin:end], self.ends[first:last] - begin)


def read_bytes(stream: BinaryIO, start: int, stop: int) -> bytes:
    """Bytes ``start`` to ``stop`` of an open file; fewer where the file ends before.

    Every read of a log's rows passes here, so that a test can count what a question costs.
    """
    stream.seek(start)
    return stream.read(max(0, stop - start))


def row_ends(data: bytes) -> np.ndarray:
    """Offsets just after each row that is complete in ``data``, which begins with a row."""
    cells = np.frombuffer(data, dtype=np.uint8)
    feeds = np.flatnonzero(cells == _LINE_FEED)
    quotes = np.flatnonzero(cells == _QUOTE)
    if quotes.size:
        feeds = feeds[np.searchsorted(quotes, feeds) % 2 == 0]
    return feeds + 1


def read_rows(
    stream: BinaryIO, start: int, stop: int, block_bytes: int | None = None
) -> Iterator[Rows]:
    """Yield the complete rows of ``[start, stop)``, about ``block_bytes`` at a time.

    ``start`` must be the beginning of a row. Bytes after the last complete row are not
    yielded. Memory is bounded by the block, or by the longest row if that is longer.
    """
    size = BLOCK_BYTES if block_bytes is None else block_bytes
    rest, place = b"", start
    while place < stop:
        piece = read_bytes(stream, place, min(place + size, stop))
        if not piece:
            return
        place += len(piece)
        data = rest + piece
        ends = row_ends(data)
        whole = int(ends[-1]) if ends.size else 0
        if whole:
            yield Rows(place - len(data), data[:whole], ends)
        rest = data[whole:]
