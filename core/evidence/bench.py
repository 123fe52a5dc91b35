"""Versions on the same labelled rows: probabilities, the time they took, and who could not."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from core.dataset.spec import ProjectSpec
from core.errors import CourtsideError, IntegrityError
from core.evidence.holdouts import CommonRows, common_rows
from core.evidence.learnt import recent_rows
from core.settings import Settings
from core.tracking import models
from core.tracking.registry import Version

if TYPE_CHECKING:
    import pandas as pd

_TIMED_TWICE = 2


@dataclass(frozen=True, eq=False)
class Measured:
    """One version on the bench's rows. ``probability``: (n,), of the positive class.

    ``microseconds``: a row's share of scoring them all at once, the faster of two tries.
    ``megabytes``: its model file here, None where there is none.
    """

    version: Version
    probability: np.ndarray
    microseconds: float
    megabytes: float | None


@dataclass(frozen=True, eq=False)
class Bench:
    """Versions measured on the same rows, in the order asked for.

    ``raw``: the model's columns, n rows; ``y``: (n,) of 0 and 1. ``absent``: version number to
    the reason why it is not among ``measured``; ``broken``: those of them that cannot be loaded
    or do not answer. ``note``: which rows these are, if not simply the holdout. ``elsewhere``:
    versions whose logged figures are of other rows than the present holdout.
    """

    raw: pd.DataFrame
    y: np.ndarray
    measured: tuple[Measured, ...]
    absent: Mapping[str, str] = field(default_factory=dict)
    note: str = ""
    broken: tuple[str, ...] = ()
    elsewhere: tuple[str, ...] = ()

    def of(self, version: str) -> Measured | None:
        """The one with this number, or None."""
        return next((one for one in self.measured if one.version.version == version), None)


def measure(settings: Settings, spec: ProjectSpec, versions: Sequence[Version]) -> Bench:
    """Score ``versions`` on the holdout rows that none was trained on.

    One that cannot be loaded or does not answer is told in ``absent``; NotReady where nothing
    has been prepared.
    """
    return measure_on(settings, spec, versions, common_rows(settings, spec, versions))


def measure_recent(
    settings: Settings, spec: ProjectSpec, versions: Sequence[Version]
) -> Bench | None:
    """Score ``versions`` on the production rows that their newest retraining held back.

    Rows that one of them learnt from do not count. None where no version comes of a retraining.
    """
    rows = recent_rows(settings, spec, versions)
    return None if rows is None else measure_on(settings, spec, versions, rows)


def measure_on(
    settings: Settings, spec: ProjectSpec, versions: Sequence[Version], rows: CommonRows
) -> Bench:
    """Score ``versions`` on ``rows``; those that are not fair there are told in ``absent``.

    Where there are no rows nothing is scored.
    """
    raw = rows.table[list(spec.raw_columns)]
    asked = versions if len(raw) else ()
    measured, broken = score_versions(settings, spec.name, asked, raw)
    return Bench(
        raw=raw,
        y=rows.table[spec.target.column].to_numpy(),
        measured=tuple(one for one in measured if one.version.version in rows.fair),
        absent={**rows.unfair, **broken},
        note=rows.note,
        broken=tuple(broken),
        elsewhere=rows.elsewhere,
    )


def score_versions(
    settings: Settings, project: str, versions: Sequence[Version], raw: pd.DataFrame
) -> tuple[tuple[Measured, ...], dict[str, str]]:
    """Each version's probabilities for ``raw``, and why the others have none."""
    measured, absent = [], {}
    for version in versions:
        try:
            if version.why_not:
                raise IntegrityError(version.why_not)
            measured.append(_measured(settings, project, version, raw))
        except CourtsideError as exc:
            absent[version.version] = str(exc)
        except Exception as exc:  # noqa: BLE001 - a foreign model may raise anything at all
            logging.getLogger("courtside").warning("v%s does not score: %r", version.version, exc)
            absent[version.version] = _why(exc, settings, version, list(raw.columns))
    return tuple(measured), absent


def _measured(settings: Settings, project: str, version: Version, raw: pd.DataFrame) -> Measured:
    pipeline = models.load_pipeline(settings, version)
    best, answer = np.inf, None
    for _ in range(_TIMED_TWICE):
        begun = time.perf_counter()
        answer = pipeline.predict_proba(raw)
        best = min(best, time.perf_counter() - begun)
    return Measured(
        version,
        _probability(answer, len(raw)),
        1e6 * best / max(len(raw), 1),
        _megabytes(settings, project, version),
    )


def _probability(answer: Any, rows: int) -> np.ndarray:
    found = np.asarray(answer, dtype=float)
    if found.shape != (rows, 2):
        raise IntegrityError(
            f"It should give two probabilities for each of {rows:,} rows; it gave an array of "
            f"shape {found.shape}, so it is no model of this project."
        )
    positive = found[:, 1]
    if not np.all((positive >= 0) & (positive <= 1)):
        raise IntegrityError("It gave probabilities outside 0 to 1; it is not compared.")
    return positive


def _megabytes(settings: Settings, project: str, version: Version) -> float | None:
    files = settings.models_dir(project).glob(f"v{version.version}_*")
    sizes = [file.stat().st_size for file in files if file.suffix != ".json"]
    if not sizes and not version.registered:
        sizes = [models.file_bytes(settings, version)]
    return sizes[0] / 1e6 if sizes else None


def _why(exc: Exception, settings: Settings, version: Version, columns: list[str]) -> str:
    """What is wrong with a model that raised ``exc`` on the project's ``columns``."""
    try:
        fitted = list(getattr(models.load_pipeline(settings, version), "feature_names_in_", []))
    except Exception:  # noqa: BLE001 - it cannot even be loaded
        fitted = []
    if fitted != columns and sorted(fitted) == sorted(columns):
        return (
            f"It was fitted on the project's columns in another order ({', '.join(fitted)}); fit "
            f"it on them as the specification has them: {', '.join(columns)}."
        )
    return (
        f"It does not score this project's rows ({_short(exc)}); it was made for other columns, or "
        "its file is damaged. Train again to compare."
    )


def _short(exc: BaseException) -> str:
    return f"{type(exc).__name__}: {' '.join(str(exc).split())[:200]}"
