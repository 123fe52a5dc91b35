"""The rows that are judged: derived features, probabilities and labels beside one profile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from core.dataset.prepare import derive
from core.dataset.spec import ProjectSpec
from core.dataset.validate import coerce
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


@dataclass(frozen=True)
class Window:
    """Rows with the derived features, against one version's profile.

    ``label`` is 1, 0 or nan and ``probability`` nan where there is none; ``ours`` marks the rows
    that this version itself scored; ``first`` and ``last`` are when the oldest and the newest row
    were logged, None for rows that never were. ``unwatched``: features of the project of which
    the profile knows nothing.
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

    @property
    def rows(self) -> int:
        return len(self.frame)


def feature_frame(rows: pd.DataFrame, spec: ProjectSpec, what: str) -> pd.DataFrame:
    """Raw and derived features of rows as a file or the log holds them, one row each."""
    import pandas as pd

    values = coerce(rows, spec, what).values
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
    return Window(
        version=version,
        profile=profile,
        frame=feature_frame(rows, spec, "The inference log"),
        probability=rows["probability"].to_numpy(dtype=float),
        label=joined(rows, late),
        ours=(rows["model_version"].astype(str) == version.version).to_numpy(),
        first=rows["logged_at"].min().to_pydatetime() if len(rows) else None,
        last=rows["logged_at"].max().to_pydatetime() if len(rows) else None,
        unwatched=_unwatched(spec, profile),
    )


def unscored_window(
    spec: ProjectSpec, version: Watched, profile: ReferenceProfile, rows: pd.DataFrame, what: str
) -> Window:
    """A window of rows that were never scored: features only, so only drift can be judged."""
    nothing = np.full(len(rows), np.nan)
    return Window(
        version=version,
        profile=profile,
        frame=feature_frame(rows, spec, what),
        probability=nothing,
        label=nothing,
        ours=np.zeros(len(rows), dtype=bool),
        unwatched=_unwatched(spec, profile),
    )


def _unwatched(spec: ProjectSpec, profile: ReferenceProfile) -> tuple[str, ...]:
    return tuple(name for name in spec.features if name not in profile.features)
