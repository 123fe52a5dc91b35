"""A window in counts: what its figures need, however many rows it has; tallies can be added."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from core.monitoring.features import Array
from core.monitoring.profile import ReferenceProfile
from core.monitoring.score_bins import ScoreBins

if TYPE_CHECKING:
    import pandas as pd

UNKNOWN, NEGATIVE, POSITIVE = 0, 1, 2


@dataclass
class WindowTally:
    """Counts of one window.

    ``counts``: per feature the profile's bins; ``scores``, shape (3, bins): the watched version's
    own rows by probability, with label unknown, 0 and 1; ``score_sums``, shape (bins,): their
    probabilities added up; ``predicted``: their probabilities in the profile's bins. ``first``
    and ``last``: when rows were logged, ISO 8601.
    """

    rows: int
    first: str
    last: str
    counts: dict[str, Array]
    scores: Array
    score_sums: Array
    predicted: Array

    @classmethod
    def of(
        cls,
        profile: ReferenceProfile,
        bins: ScoreBins,
        features: pd.DataFrame,
        log: pd.DataFrame,
        version: str,
    ) -> WindowTally:
        """Counts of rows: ``features`` and ``log`` are the same rows, in the same order."""
        ours = (log["model_version"].astype(str) == version).to_numpy()
        probability = log["probability"].to_numpy(float)
        ours &= np.isfinite(probability)
        given = probability[ours]
        label = log["label"].to_numpy(dtype=float, na_value=np.nan)[ours]
        kind = np.where(np.isnan(label), UNKNOWN, np.where(label > 0, POSITIVE, NEGATIVE))
        place = bins.places(given)
        scores = np.bincount(kind * len(bins) + place, minlength=3 * len(bins))
        predicted = profile.probability
        return cls(
            rows=len(log),
            first=log["logged_at"].iloc[0].isoformat(),
            last=log["logged_at"].iloc[-1].isoformat(),
            counts={
                name: feature.count(features[name]) for name, feature in profile.features.items()
            },
            scores=scores.reshape(3, len(bins)),
            score_sums=np.bincount(place, weights=given, minlength=len(bins)),
            predicted=predicted.count_numbers(given) if predicted else np.zeros(1, dtype=int),
        )

    def add(self, later: WindowTally) -> None:
        """Count the rows of a tally that follows this one, too."""
        self.rows += later.rows
        self.last = later.last
        for name, counts in later.counts.items():
            self.counts[name] = self.counts[name] + counts
        self.scores = self.scores + later.scores
        self.score_sums = self.score_sums + later.score_sums
        self.predicted = self.predicted + later.predicted

    def values(self, bins: ScoreBins) -> Array:
        """What each bin stands for: the mean of what fell into it, else its edge."""
        rows = self.scores.sum(axis=0)
        return np.where(rows > 0, self.score_sums / np.maximum(rows, 1), bins.edges)

    def as_dict(self) -> dict[str, Any]:
        """JSON-safe; histograms without their empty bins."""
        used = np.flatnonzero(self.scores.sum(axis=0))
        return {
            "rows": self.rows,
            "first": self.first,
            "last": self.last,
            "counts": {name: counts.tolist() for name, counts in self.counts.items()},
            "bins": used.tolist(),
            "scores": self.scores[:, used].tolist(),
            "score_sums": self.score_sums[used].tolist(),
            "predicted": self.predicted.tolist(),
        }

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any], bins: ScoreBins) -> WindowTally:
        """Inverse of ``as_dict``; KeyError, ValueError or IndexError where it is none."""
        scores, sums = np.zeros((3, len(bins)), dtype=int), np.zeros(len(bins))
        used = np.array(stored["bins"], dtype=int)
        scores[:, used] = np.array(stored["scores"], dtype=int).reshape(3, len(used))
        sums[used] = stored["score_sums"]
        return cls(
            rows=int(stored["rows"]),
            first=str(stored["first"]),
            last=str(stored["last"]),
            counts={name: np.array(c, dtype=int) for name, c in stored["counts"].items()},
            scores=scores,
            score_sums=sums,
            predicted=np.array(stored["predicted"], dtype=int),
        )
