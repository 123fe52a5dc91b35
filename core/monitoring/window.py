"""The rows that are judged: derived features, probabilities and labels beside one profile."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from core.dataset.prepare import derive
from core.dataset.spec import ProjectSpec
from core.dataset.validate import coerce
from core.monitoring.drift import DriftTally
from core.monitoring.late_labels import joined
from core.monitoring.profile import ReferenceProfile

if TYPE_CHECKING:
    import pandas as pd


class Watched(Protocol):
    """What monitoring needs to know of a model version; ``metrics`` has ``test_…`` by name."""

    @property
    def version(self) -> str: ...
    @property
    def label(self) -> str: ...
    @property
    def threshold(self) -> float: ...
    @property
    def metrics(self) -> Mapping[str, float]: ...


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows side by side: ``frame``, and the rest of shape (len(frame),), as in Window."""

    frame: pd.DataFrame
    probability: np.ndarray
    label: np.ndarray
    ours: np.ndarray

    def __len__(self) -> int:
        return len(self.frame)

    def where(self, chosen: np.ndarray) -> Rows:
        """The rows that are marked, (n,), or stand at these places."""
        frame = self.frame[chosen] if chosen.dtype == bool else self.frame.iloc[chosen]
        return Rows(frame, self.probability[chosen], self.label[chosen], self.ours[chosen])

    @classmethod
    def joined(cls, parts: Sequence[Rows]) -> Rows:
        """One after the other; ``parts`` are at least one."""
        import pandas as pd

        return cls(
            pd.concat([one.frame for one in parts], ignore_index=True),
            np.concatenate([one.probability for one in parts]),
            np.concatenate([one.label for one in parts]),
            np.concatenate([one.ours for one in parts]),
        )


@dataclass(frozen=True, eq=False)
class Counted:
    """What was counted of all rows of a window, of which its frame may be an even draw.

    ``labelled``: the version's own rows with a label, or an even draw of these.
    """

    rows: int
    own_rows: int
    labelled_rows: int
    tally: DriftTally
    labelled: Rows


@dataclass(frozen=True)
class Window:
    """Rows with the derived features, against one version's profile.

    ``label`` is 1, 0 or nan and ``probability`` nan where there is none; ``ours`` marks the rows
    that this version itself scored; ``first`` and ``last`` are when the oldest and the newest row
    were logged, None for rows that never were. ``unwatched``: features of the project of which
    the profile knows nothing. ``counted``: of a window that came in pieces; then all of these
    rows are an even draw where ``rows`` are more. ``elsewhere``: how many rows with a label other
    versions scored, by version.
    """

    version: Any  # Watched; the services put the registry's own version here
    profile: ReferenceProfile
    frame: pd.DataFrame
    probability: np.ndarray
    label: np.ndarray
    ours: np.ndarray
    first: datetime | None = None
    last: datetime | None = None
    unwatched: tuple[str, ...] = ()
    counted: Counted | None = None
    elsewhere: Mapping[str, int] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        return self.counted.rows if self.counted else len(self.frame)

    @property
    def own_rows(self) -> int:
        """How many rows this version itself scored."""
        return self.counted.own_rows if self.counted else int(self.ours.sum())

    @property
    def labelled_rows(self) -> int:
        """How many of its own rows have a label."""
        return self.counted.labelled_rows if self.counted else len(self.labelled())

    @property
    def held(self) -> Rows:
        """The rows at hand: all of them, or an even draw."""
        return Rows(self.frame, self.probability, self.label, self.ours)

    @property
    def drawn(self) -> str:
        """What rests on a part of the rows, in a sentence; "" where all are at hand."""
        if self.rows == len(self.frame):
            return ""
        said = (
            f"Drift is counted on all {self.rows:,} rows. What needs rows side by side (all "
            f"features together, effects, the estimate, charts) rests on {len(self.frame):,} of "
            "them, drawn evenly"
        )
        if self.labelled_rows > len(self.labelled()):
            said += (
                f", and performance on {len(self.labelled()):,} of {self.labelled_rows:,} with a "
                "label"
            )
        return f"{said}."

    def labelled(self) -> Rows:
        """The version's own rows with a label, or an even draw of these."""
        if self.counted is not None:
            return self.counted.labelled
        return self.held.where(self.ours & ~np.isnan(self.label))

    def tally(self) -> DriftTally:
        """All rows counted."""
        if self.counted is not None:
            return self.counted.tally
        tally = DriftTally(self.profile)
        tally.add(self.frame, self.probability[self.ours])
        return tally


def feature_frame(
    rows: pd.DataFrame, spec: ProjectSpec, what: str, mendable: bool = False
) -> pd.DataFrame:
    """Raw and derived features of rows as a file or the log holds them, one row each.

    A value that cannot be used, such as an infinite one, is missing. Of a ``mendable`` file, a
    column without any usable value raises SchemaError; the log is what it is.
    """
    import pandas as pd

    values = coerce(rows, spec, what, first=mendable).values
    return pd.concat([values, derive(values, spec)], axis=1).reset_index(drop=True)


def watched_profile(stored: Mapping[str, Any], spec: ProjectSpec) -> ReferenceProfile:
    """A stored profile with the model's features only.

    Raw columns that only feed derived features would be counted twice.
    """
    return ReferenceProfile.from_dict(stored).restricted(spec.features)


def logged_window(
    spec: ProjectSpec,
    version: Watched,
    profile: ReferenceProfile,
    rows: pd.DataFrame,
    late: Mapping[str, float],
) -> Window:
    """A window of the inference log; ``late``: labels that came later, by prediction id."""
    label, scored_by = joined(rows, late), rows["model_version"].astype(str)
    ours = (scored_by == version.version).to_numpy()
    return Window(
        version=version,
        profile=profile,
        frame=feature_frame(rows, spec, "The inference log"),
        probability=rows["probability"].to_numpy(dtype=float),
        label=label,
        ours=ours,
        first=rows["logged_at"].min().to_pydatetime() if len(rows) else None,
        last=rows["logged_at"].max().to_pydatetime() if len(rows) else None,
        unwatched=unwatched(spec, profile),
        elsewhere=Counter(scored_by[~ours & ~np.isnan(label)]),
    )


def unscored_window(
    spec: ProjectSpec, version: Watched, profile: ReferenceProfile, rows: pd.DataFrame, what: str
) -> Window:
    """A window of rows that were never scored: features only, so only drift can be judged."""
    nothing = np.full(len(rows), np.nan)
    return Window(
        version=version,
        profile=profile,
        frame=feature_frame(rows, spec, what, mendable=True),
        probability=nothing,
        label=nothing,
        ours=np.zeros(len(rows), dtype=bool),
        unwatched=unwatched(spec, profile),
    )


def unwatched(spec: ProjectSpec, profile: ReferenceProfile) -> tuple[str, ...]:
    """Features of the project of which the profile knows nothing."""
    return tuple(name for name in spec.features if name not in profile.features)
