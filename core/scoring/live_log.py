"""The inference log as it grows: each look reads only what has been appended since the last."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.errors import BadInput
from core.inference_log import InferenceLog, Position

if TYPE_CHECKING:
    import pandas as pd

LIVE_ROWS = 20_000


class LiveLog:
    """Keeps the last ``most`` rows of a log in memory and follows its end."""

    def __init__(self, log: InferenceLog, most: int = LIVE_ROWS) -> None:
        self._log = log
        self._most = most
        self._position: Position | None = None
        self._rows: pd.DataFrame | None = None

    @property
    def token(self) -> str:
        """Changes whenever a poll has found new rows."""
        return str(self._position.as_json()) if self._position else ""

    def poll(self) -> tuple[pd.DataFrame, int]:
        """The last rows known, oldest first, and how many of them this poll brought.

        A log that was replaced by another is read again from its end.
        """
        if self._rows is None or self._position is None:
            return self._first()
        try:
            fresh, self._position = self._log.read_from(self._position)
        except BadInput:
            return self._first()
        if fresh.empty:
            return self._rows, 0
        before = len(self._rows)
        # What was appended between the first look at the end and at the rows comes twice.
        rows = self._joined(self._rows, fresh).drop_duplicates("prediction_id")
        added = len(rows) - before
        self._rows = rows.tail(self._most).reset_index(drop=True)
        return self._rows, min(added, self._most)

    def _first(self) -> tuple[pd.DataFrame, int]:
        self._position = self._log.end()
        self._rows = self._log.tail(self._most)
        return self._rows, len(self._rows)

    @staticmethod
    def _joined(before: pd.DataFrame, fresh: pd.DataFrame) -> pd.DataFrame:
        import pandas as pd

        return pd.concat([before, fresh], ignore_index=True) if len(before) else fresh
