"""Rows that none of some versions was trained on, so that none is flattered.

Versions that share the present split share its holdout. One that was trained on another split saw
some of today's holdout rows in its training; what may be used of them are those that its own run
held out too. They are known by their content, since rows have no other name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from core.dataset import io
from core.dataset.spec import ProjectSpec
from core.errors import CourtsideError, NotReady
from core.evidence.origins import Origin, origins, present_split
from core.settings import Settings
from core.tracking import runs
from core.tracking.registry import Version

if TYPE_CHECKING:
    import pandas as pd

LEAST_ROWS = 100
LEAST_OF_A_CLASS = 30


@dataclass(frozen=True, eq=False)
class CommonRows:
    """Labelled raw rows ``table`` that the versions named in ``fair`` were all not trained on.

    ``unfair``: version number to why it cannot be compared there. ``note`` says in a sentence
    which rows these are where they are not simply the holdout. ``elsewhere``: versions whose own
    figures were measured on other rows than the present holdout.
    """

    table: pd.DataFrame
    fair: tuple[str, ...]
    unfair: Mapping[str, str] = field(default_factory=dict)
    note: str = ""
    elsewhere: tuple[str, ...] = ()


def common_rows(settings: Settings, spec: ProjectSpec, versions: Sequence[Version]) -> CommonRows:
    """The present holdout, less the rows that some of ``versions`` may have been trained on.

    A version that would leave fewer than LEAST_ROWS rows is set aside instead. NotReady where
    nothing has been prepared.
    """
    table = holdout_table(settings, spec.name)
    present = present_split(settings, spec.name)
    known = origins(settings, spec.name, versions)
    kept = np.ones(len(table), dtype=bool)
    fair, unfair, others = [], {}, []
    keys: np.ndarray | None = None
    for version in versions:
        if known[version.version].agrees(present) == "same":
            fair.append(version.version)
            continue
        try:
            keys = row_keys(table, spec) if keys is None else keys
            mask = kept & _held_out(settings, spec, known[version.version], keys)
        except CourtsideError as exc:
            unfair[version.version] = str(exc)
            continue
        if reason := _too_few(mask, table[spec.target.column].to_numpy()):
            unfair[version.version] = reason
            continue
        kept = mask
        fair.append(version.version)
        others.append(version.label)
    note = _note(others, int(kept.sum()), len(table)) if others else ""
    return CommonRows(
        table=table[kept].reset_index(drop=True),
        fair=tuple(fair),
        unfair=unfair,
        note=note,
        elsewhere=tuple(number for number, one in known.items() if not _here(one, present)),
    )


def _here(origin: Origin, present: Mapping[str, object] | None) -> bool:
    return origin.agrees(present) == "same" and not origin.is_renewed


def share_a_holdout(settings: Settings, project: str, versions: Sequence[Version]) -> bool:
    """Whether the figures that were logged with ``versions`` are all of the present holdout."""
    present = present_split(settings, project)
    return all(_here(one, present) for one in origins(settings, project, versions).values())


def _note(others: Sequence[str], kept: int, rows: int) -> str:
    said = f"Trained on another split, or nobody knows on which: {', '.join(others)}."
    if kept == rows:
        return f"{said} None of the {rows:,} holdout rows was in their training, so all are used."
    return (
        f"{said} All are compared on the {kept:,} of {rows:,} holdout rows that none of them was "
        "trained on."
    )


def holdout_table(settings: Settings, project: str) -> pd.DataFrame:
    """The present holdout, raw columns and target; NotReady where nothing has been prepared."""
    path = settings.layer(project, "05_model_input") / "base_test.parquet"
    if not path.is_file():
        raise NotReady(f"{project} has no holdout rows yet; prepare the data first.")
    return io.read_table(path)


def own_holdout(settings: Settings, version: Version) -> pd.DataFrame:
    """What a version's own run held out: raw columns, target, probability; NotReady if not kept."""
    name = f"tables/holdout_{version.algorithm}.parquet"
    return io.read_table(runs.artifact(settings, version.run_id, name))


def row_keys(table: pd.DataFrame, spec: ProjectSpec) -> np.ndarray:
    """A number for each row's raw columns and target, (n,) uint64: equal rows, equal numbers."""
    import pandas as pd

    columns = [*spec.raw_columns, spec.target.column]
    missing = [name for name in columns if name not in table.columns]
    if missing:
        raise NotReady(
            f"It was trained on other columns (its holdout has no {', '.join(missing)}), so the "
            "rows it has not seen cannot be told; train again for a comparison."
        )
    text = set(spec.categories)
    plain = pd.DataFrame(
        {name: table[name].astype(str if name in text else float).to_numpy() for name in columns}
    )
    return np.asarray(pd.util.hash_pandas_object(plain, index=False))


def _held_out(
    settings: Settings, spec: ProjectSpec, origin: Origin, keys: np.ndarray
) -> np.ndarray:
    """Which of the rows with ``keys`` the version's own run held out, (n,)."""
    version = origin.version
    if not version.run_id:
        raise NotReady(
            "It was not trained here, so nobody can tell which of these rows it has seen."
        )
    try:
        own = own_holdout(settings, version)
    except NotReady as exc:
        raise NotReady(
            "Its run is gone or kept no holdout rows, so nobody can tell which of these rows it "
            "was trained on; train again for a comparison."
        ) from exc
    return np.isin(keys, row_keys(own, spec))


def _too_few(mask: np.ndarray, labels: np.ndarray) -> str:
    """Why these rows will not do, or nothing."""
    rows, positives = int(mask.sum()), int(labels[mask].sum())
    if rows >= LEAST_ROWS and min(positives, rows - positives) >= LEAST_OF_A_CLASS:
        return ""
    return (
        f"It was trained on another split, and only {rows:,} rows ({positives:,} positive) were "
        f"held out from all; {LEAST_ROWS} with {LEAST_OF_A_CLASS} of each class are needed. "
        "Train again for a comparison."
    )
