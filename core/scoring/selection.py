"""Which rows of the inference log: by time, the last n, of one request, source or version."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any


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
