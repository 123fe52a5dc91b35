"""What a raw file holds, before anything is done to it: schema, gaps, repeats, classes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from core.dataset.rows import hashable, repeated
from core.dataset.spec import ProjectSpec

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class ColumnSummary:
    """One column of a file. ``role``: input, target, identifier, date, or empty for others."""

    name: str
    role: str
    kind: str
    found_type: str
    missing: int
    distinct: int
    example: str


@dataclass(frozen=True)
class TableSummary:
    """A file's rows and classes. ``positives`` of the ``labelled`` rows are of class 1."""

    rows: int
    duplicates: int
    labelled: int
    positives: int
    columns: tuple[ColumnSummary, ...]

    @property
    def positive_rate(self) -> float | None:
        """Share of class 1 among labelled rows; None where none is labelled."""
        return self.positives / self.labelled if self.labelled else None


def summarise(frame: pd.DataFrame, spec: ProjectSpec, labels: np.ndarray) -> TableSummary:
    """Count what is there; ``labels`` are 1, 0 or nan, shape (n,)."""
    return TableSummary(
        rows=len(frame),
        duplicates=int(repeated(frame).sum()),
        labelled=int((~np.isnan(labels)).sum()),
        positives=int(np.nansum(labels)),
        columns=tuple(_column(frame[name], spec) for name in frame.columns),
    )


def _column(values: pd.Series, spec: ProjectSpec) -> ColumnSummary:
    name = str(values.name)
    present = values.dropna()
    return ColumnSummary(
        name=name,
        role=_role(name, spec),
        kind=spec.kinds.get(name, ""),
        found_type=str(values.dtype),
        missing=len(values) - len(present),
        distinct=int(hashable(present).nunique()),
        example=str(present.iloc[0])[:40] if len(present) else "",
    )


def _role(name: str, spec: ProjectSpec) -> str:
    roles = {spec.target.column: "target", spec.identify: "identifier", spec.date: "date"}
    return "input" if name in spec.kinds else roles.get(name, "")
