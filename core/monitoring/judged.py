"""By which figures a version is known, and on which rows they were measured: one answer for all.

The holdout of a retrained version is made of old rows and of new ones. Where these two differ in
their share of positives, telling the one from the other looks like skill: its ROC AUC there is no
figure to be known by, nor one to set beside another version's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from core.monitoring.reference import has_recent, is_retrained, judged_words, reference_metrics

Rows = Literal["holdout", "production", "mixed"]


class Measured(Protocol):
    """What is asked of a version. ``training``: the id of the run of its training."""

    @property
    def metrics(self) -> Mapping[str, float]: ...
    @property
    def tags(self) -> Mapping[str, str]: ...
    @property
    def training(self) -> str: ...


@dataclass(frozen=True)
class Judged:
    """Metrics by their plain names, on ``rows``: its holdout; the production rows that judged its
    retraining; or, where these were too few, old and new rows together.

    ``group``: the same for versions that were measured on the same rows.
    """

    metrics: Mapping[str, float]
    rows: Rows
    group: str

    @property
    def where(self) -> str:
        """As Monitor calls these rows: "0.81 on *the holdout*"."""
        return judged_words(self.rows == "production")

    @property
    def mark(self) -> str:
        """What must stand behind a figure that others could be held against; "" on a holdout."""
        return {"production": "on production", "mixed": "on old and new rows"}.get(self.rows, "")

    @property
    def place(self) -> str:
        """The rows as an entry of a table."""
        return {"production": "production", "mixed": "mixed holdout"}.get(self.rows, "holdout")

    def figure(self, metric: str, title: str) -> str:
        """A metric with its mark, "ROC AUC 0.557 on production"; "" where it was not measured."""
        value = self.metrics.get(metric)
        return "" if value is None else f"{title} {value:.3f} {self.mark}".rstrip()


def judged(version: Measured) -> Judged:
    """The figures that count for a version: on production where that judged it."""
    rows: Rows = "mixed" if is_retrained(version.metrics) else "holdout"
    if has_recent(version.metrics):
        rows = "production"
    data = (version.tags.get(name, "") for name in ("data_sha256", "spec_digest"))
    group = " ".join([rows, *(data if rows == "holdout" else (version.training,))])
    return Judged(reference_metrics(version.metrics), rows, group)


def comparable(figures: Sequence[Judged]) -> bool:
    """Whether figures may be held against one another: all are of the same rows."""
    return len({one.group for one in figures}) <= 1
