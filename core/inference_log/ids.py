"""Text with a running number, a million of it at once."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

_DIGITS = 8


def numbered(prefix: str, first: int, count: int) -> pa.Array:
    """``prefix`` and the numbers from ``first`` on, ``count`` of them, with 8 digits or more.

    >>> numbered("r-", 9, 2).to_pylist()
    ['r-00000009', 'r-00000010']
    """
    if not 0 <= first <= first + count <= 10**_DIGITS:
        texts = (f"{prefix}{number:0{_DIGITS}d}" for number in range(first, first + count))
        return pa.array(texts, pa.string())
    start = np.frombuffer(prefix.encode("utf-8"), dtype=np.uint8)
    width = len(start) + _DIGITS
    text = np.empty((count, width), dtype=np.uint8)
    text[:, : len(start)] = start
    number = np.arange(first, first + count, dtype=np.uint32)
    for place in range(width - 1, len(start) - 1, -1):
        number, text[:, place] = np.divmod(number, 10)
    text[:, len(start) :] += ord("0")
    ends = np.arange(count + 1, dtype=np.int32) * width
    return pa.StringArray.from_buffers(count, pa.py_buffer(ends), pa.py_buffer(text))
