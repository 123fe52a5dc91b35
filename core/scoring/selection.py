"""Which rows of the inference log: by time, the last n, of one request, source or version."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from core.inference_log import InferenceLog

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Selection:
    """Rows of the log. None is everything; ``last_rows`` counts what the others leave."""

    since: datetime | None = None
    until: datetime | None = None
    last_rows: int | None = None
    request_id: str | None = None
    source: str | None = None
    model_version: str | None = None

    @property
    def columns(self) -> dict[str, str]:
        """Columns of the log whose value is given."""
        given = {
            "request_id": self.request_id,
            "source": self.source,
            "model_version": self.model_version,
        }
        return {name: value for name, value in given.items() if value is not None}

    @property
    def is_narrow(self) -> bool:
        """Whether rows are left out for another reason than their age."""
        return bool(self.columns) or self.since is not None or self.until is not None

    def parameters(self) -> dict[str, Any]:
        """For the record; an empty text where nothing is given."""
        return {
            "since": self.since.isoformat() if self.since else "",
            "until": self.until.isoformat() if self.until else "",
            "last_rows": self.last_rows or "",
            "request_id": self.request_id or "",
            "source": self.source or "",
            "rows_of_version": self.model_version or "",
        }


def read(log: InferenceLog, selection: Selection) -> pd.DataFrame:
    """Those rows, oldest first; of the others, only a piece is in memory at a time."""
    import pandas as pd

    if not selection.columns and not (selection.last_rows and selection.is_narrow):
        if selection.last_rows:
            return log.tail(selection.last_rows)
        return log.read_window(selection.since, selection.until)
    kept = log.tail(0)
    for piece in log.stream(selection.since, selection.until):
        inside = np.ones(len(piece), dtype=bool)
        for name, value in selection.columns.items():
            inside &= (piece[name].astype(str) == value).to_numpy()
        if inside.any():
            fresh = piece[inside]
            kept = pd.concat([kept, fresh], ignore_index=True) if len(kept) else fresh
            kept = kept.tail(selection.last_rows) if selection.last_rows else kept
    return kept.reset_index(drop=True)
