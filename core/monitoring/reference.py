"""What a version is held against, and how that is called: training, or the rows of a retraining.

A version that was retrained for production is held against that production: measured against old
and new rows together, the very rows that it was made for would raise an alarm.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from core.errors import IntegrityError

# A run's metrics with this prefix are on the production rows that judged its retraining. They come
# with the profile of these rows: a version has both, or is held against its training.
RECENT = "recent_"
# Only a retraining measures that: the cross-validated log loss on the production rows learnt from,
# by which it chooses; its metric has the prefix `cv_`.
CHOSEN_BY = "recent_log_loss"
TRAINING_PROFILE, RECENT_PROFILE = "reference_profile.json", "recent_profile.json"
# Fewer labelled rows leave isotonic regression with steps of a few rows each.
MIN_CALIBRATION_ROWS = 100


@dataclass(frozen=True)
class Reference:
    """Where a profile's rows come from.

    Of a retraining: ``learnt_rows`` of production were learnt from and ``judging_rows`` judged it;
    ``since`` and ``until``: when they happened, "" where no time is known; ``older_rows``: what it
    learnt from besides. All of that is 0 or "" where the rows are those of a training.
    """

    learnt_rows: int = 0
    judging_rows: int = 0
    older_rows: int = 0
    since: str = ""
    until: str = ""

    @property
    def is_production(self) -> bool:
        """Whether these are production rows that the model was retrained for."""
        return self.judging_rows > 0

    @property
    def rows(self) -> int:
        return self.learnt_rows + self.judging_rows

    @property
    def kind(self) -> str:
        """As before a noun: "unlike any *training* value"."""
        return "reference" if self.is_production else "training"

    @property
    def noun(self) -> str:
        """As a noun: "3% in *training*"."""
        return "the reference" if self.is_production else "training"

    @property
    def data(self) -> str:
        """As in "production looks like *the training data*"."""
        if self.is_production:
            return "the rows that the model was retrained for"
        return "the training data"

    @property
    def judged(self) -> str:
        """What its reference performance was measured on: "0.81 on *the holdout*"."""
        return judged_words(self.is_production)

    @property
    def judged_title(self) -> str:
        """The same as the name of a column or a mark."""
        return "Rows that judged it" if self.is_production else "Holdout"

    @property
    def older(self) -> str:
        """What else the model learnt from, as a clause; "" for a training."""
        return f"it also learnt from {self.older_rows:,} older rows" if self.older_rows else ""

    def of(self, label: str, rows: int, held_out: int = 0) -> str:
        """The ``rows`` of a profile in full, ``held_out`` of them, by the version's ``label``."""
        if not self.is_production:
            learnt = rows - held_out
            counts = ((learnt, "training"), (held_out, "holdout"))
            return f"{' and '.join(f'{n:,} {kind}' for n, kind in counts if n)} rows of {label}"
        return f"the {rows:,} production rows that {label} was retrained for{self._times}"

    @property
    def _times(self) -> str:
        since, until = self.since[:16], self.until[:16]  # to the minute
        if not since:
            return ""
        return f" ({since})" if since == until else f" ({since} to {until})"

    @property
    def explained(self) -> str:
        """What it was held against and why, for whoever wonders; "" for a training."""
        if not self.is_production:
            return ""
        return (
            f"The reference is production itself: {self.learnt_rows:,} rows that it learnt from "
            f"and the {self.judging_rows:,} newer ones that judged it; {self.older}."
        )

    def as_dict(self) -> dict[str, Any]:
        """JSON, with ``kind``: ``production`` or ``training``."""
        return {"kind": "production" if self.is_production else "training", **asdict(self)}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Reference:
        """Inverse of ``as_dict``; IntegrityError where it is none."""
        try:
            return cls(**{name: value for name, value in stored.items() if name != "kind"})
        except (TypeError, AttributeError) as exc:
            raise IntegrityError(
                f"The reference profile is damaged ({exc}); train the model again."
            ) from exc


TRAINING = Reference()


def judged_words(is_production: bool) -> str:
    """What a version's reference performance was measured on, as in "0.81 on *the holdout*"."""
    return "the rows that judged it" if is_production else "the holdout"


def has_recent(metrics: Mapping[str, float]) -> bool:
    """Whether a version with these metrics is held against production rows."""
    return f"{RECENT}roc_auc" in metrics


def is_retrained(metrics: Mapping[str, float]) -> bool:
    """Whether a version with these metrics came of a retraining on production rows."""
    return f"cv_{CHOSEN_BY}" in metrics


def profile_name(metrics: Mapping[str, float]) -> str:
    """The stored profile that a version with these metrics is held against."""
    return RECENT_PROFILE if has_recent(metrics) else TRAINING_PROFILE


def reference_metrics(metrics: Mapping[str, float]) -> dict[str, float]:
    """What a version's performance is held against, by name: on the rows that judged its
    retraining where these were measured, else on its holdout.

    ``metrics``: the run's, by their names there.
    """
    prefix = RECENT if has_recent(metrics) else "test_"
    return {
        name.removeprefix(prefix): value
        for name, value in metrics.items()
        if name.startswith(prefix)
    }
