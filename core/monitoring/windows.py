"""How the inference log is cut into windows: by count, time, batch, source or model version."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from core.errors import BadInput

if TYPE_CHECKING:
    import pandas as pd

CutKind = Literal["count", "time", "batch", "source", "version"]
EVERY = {"1h": "hour", "1D": "day", "7D": "week"}
MOST_ROWS = 10_000_000
_CALLS = ("form", "rest")  # single rows: gathered by day, or there would be a window for each


@dataclass(frozen=True, order=True)
class WindowKey:
    """Which window a row belongs to.

    Within a ``family`` windows follow one another: when the next one begins, the one before is
    closed. A family of its own never closes.
    """

    family: str
    name: str


@dataclass(frozen=True)
class Cut:
    """``size`` rows a window for ``count``; ``every`` hour, day or week (UTC) for ``time``."""

    kind: CutKind
    size: int = 1000
    every: str = "1D"

    def __post_init__(self) -> None:
        if self.kind not in get_args(CutKind):
            raise BadInput(
                f"Windows are cut by {', '.join(get_args(CutKind))}; found {self.kind!r}."
            )
        if not 1 <= self.size <= MOST_ROWS:
            raise BadInput(f"A window has 1 to {MOST_ROWS:,} rows; found {self.size}.")
        if self.every not in EVERY:
            raise BadInput(f"Windows of time are {', '.join(EVERY)}; found {self.every!r}.")

    @property
    def name(self) -> str:
        """A name for files: one for each way of cutting."""
        extra = {"count": f"-{self.size}", "time": f"-{self.every}"}.get(self.kind, "")
        return f"{self.kind}{extra}"

    def pieces(self, rows: pd.DataFrame, first_row: int) -> Iterator[tuple[WindowKey, np.ndarray]]:
        """The windows of these rows in order of appearance, with the positions of their rows.

        ``rows`` are the log's as its reader gives them, the first being row ``first_row`` of the
        log, counted from 0.
        """
        import pandas as pd

        if rows.empty:
            return
        families, names = self.keys(rows, first_row)
        codes, uniques = pd.factorize(pd.Series(families, dtype=object) + "|" + names)
        order = np.argsort(codes, kind="stable")
        starts = np.flatnonzero(np.diff(codes[order], prepend=-1))
        for start, stop in zip(starts, [*starts[1:], len(order)], strict=True):
            inside = order[start:stop]
            family, _, name = uniques[codes[inside[0]]].partition("|")
            yield WindowKey(family, name), inside

    def keys(self, rows: pd.DataFrame, first_row: int | np.ndarray) -> tuple[np.ndarray, pd.Series]:
        """Family and name of the window of each row, both of shape (n,).

        ``first_row`` may be the place of each row in the log instead, shape (n,).
        """
        import pandas as pd

        place = first_row if isinstance(first_row, np.ndarray) else first_row + np.arange(len(rows))
        one = np.full(len(rows), "", dtype=object)
        if self.kind == "count":
            return one, pd.Series(place // self.size).astype(str)
        if self.kind == "time":
            return one, _starts(rows["logged_at"], self.every)
        if self.kind == "batch":
            source = rows["source"].astype(str).to_numpy(dtype=object)
            called = np.isin(source, _CALLS)
            day = _starts(rows["logged_at"], "1D")
            request = rows["request_id"].astype(str).reset_index(drop=True)
            return np.where(called, source, ""), day.where(called, request)
        column = "source" if self.kind == "source" else "model_version"
        found = rows[column].astype(str).reset_index(drop=True)
        return found.to_numpy(dtype=object), found

    def label(self, key: WindowKey, first: str) -> str:
        """A window's name for people; ``first``: when its oldest row was logged, ISO 8601."""
        if self.kind == "count":
            begin = int(key.name) * self.size
            return f"rows {begin + 1:,} to {begin + self.size:,}"
        if self.kind == "time":
            return key.name if self.every == "1h" else key.name[:10]
        if self.kind == "batch":
            if key.family:
                return f"{key.family}, {key.name[:10]}"
            # Ids that begin with the time differ at their end only.
            return f"batch of {first[:19].replace('T', ' ')} ({key.name[:4]}…{key.name[-4:]})"
        return key.name if self.kind == "source" else f"v{key.name}"


def _starts(times: pd.Series, every: str) -> pd.Series:
    """The start of each row's period as text; weeks begin on Mondays."""
    moments = times.reset_index(drop=True)
    if every == "7D":
        days = moments.dt.floor("1D")
        moments = days - (days.dt.dayofweek * np.timedelta64(1, "D"))
    else:
        moments = moments.dt.floor(every)
    codes, uniques = moments.factorize()
    texts = np.array([f"{one:%Y-%m-%d %H:%M}" for one in uniques], dtype=object)
    import pandas as pd

    return pd.Series(texts[codes] if len(codes) else np.array([], dtype=object), dtype=object)
