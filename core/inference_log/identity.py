"""Whether prediction ids are unique, in 8 bytes for each, 16 at the moment of truth."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa


def hashes(ids: pa.Array | pa.ChunkedArray) -> np.ndarray:
    """A 64-bit hash of each id, uint64 of shape (n,)."""
    texts = ids.to_numpy(zero_copy_only=False) if isinstance(ids, pa.Array) else ids.to_numpy()
    return pd.util.hash_array(np.asarray(texts, dtype=object), categorize=False)


class PredictionIds:
    """Collects ids by their hashes and tells which may have come twice."""

    def __init__(self) -> None:
        self._parts: list[np.ndarray] = []
        self.rows = 0

    def add(self, ids: pa.ChunkedArray) -> None:
        self._parts.append(hashes(ids))
        self.rows += len(ids)

    def suspects(self) -> np.ndarray:
        """Hashes that occurred more than once: of one id, or by chance of two different ones."""
        if not self._parts:
            return np.empty(0, dtype=np.uint64)
        ordered = np.concatenate(self._parts)
        self._parts = [ordered]
        ordered.sort()
        return np.unique(ordered[1:][ordered[1:] == ordered[:-1]])
