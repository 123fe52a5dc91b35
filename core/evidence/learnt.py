"""Production rows that none of some versions learnt from, so that each is judged on what is new.

A retraining learns from production rows and holds the newest of them back to judge by. Which rows
a version learnt from is read from the tables that its training kept; they are known by their
content, since rows have no other name: a row that equals a learnt one does not count either.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from core.dataset import io
from core.dataset.prepare import MIN_CLASS_ROWS
from core.dataset.retrain import folder_below, labelled_rows
from core.dataset.spec import ProjectSpec
from core.dataset.validate import read_labels
from core.errors import CourtsideError, NotReady
from core.evidence.holdouts import CommonRows, row_keys
from core.evidence.origins import Origin, origins, present_split
from core.settings import Settings
from core.tracking.registry import Version

if TYPE_CHECKING:
    import pandas as pd

_UNKNOWN = (
    "Nobody can tell which rows it learnt from: {why}. It is not judged on production; train "
    "again for a comparison."
)


def recent_rows(
    settings: Settings, spec: ProjectSpec, versions: Sequence[Version]
) -> CommonRows | None:
    """The production rows that the newest retraining among ``versions`` held back to judge by.

    Less those that one of the versions learnt from. None where no version comes of a retraining;
    all are set aside, and no rows left, where its tables are gone.
    """
    import pandas as pd

    known = origins(settings, spec.name, versions)
    renewals = [one.preparation for one in known.values() if one.is_renewed and one.preparation]
    if not renewals:
        return None
    newest = max(renewals, key=lambda run: run.started_at)
    folder = folder_below(settings.layer(spec.name, "05_model_input"), newest.run_id)
    try:
        tested = _table(folder / "base_test.parquet")
    except NotReady as exc:
        none = pd.DataFrame(columns=[*spec.raw_columns, spec.target.column])
        return CommonRows(none, (), {version.version: str(exc) for version in versions})
    held_back = tested.iloc[int(newest.metrics.get("old_test_rows", 0)) :]
    rows = unlearnt_rows(settings, spec, versions, held_back.reset_index(drop=True), known)
    since = newest.params.get("judged_from", "")
    return CommonRows(
        rows.table,
        rows.fair,
        rows.unfair,
        _note(len(rows.table), len(held_back), since),
        rows.elsewhere,
    )


def unlearnt_rows(
    settings: Settings,
    spec: ProjectSpec,
    versions: Sequence[Version],
    table: pd.DataFrame,
    known: Mapping[str, Origin] | None = None,
) -> CommonRows:
    """The rows of ``table`` that none of ``versions`` learnt from.

    A version is set aside, with the reason, where nobody can tell what it learnt from, or where
    the rows that are left would be too few of a class. ``known``: their origins.
    """
    known = known or origins(settings, spec.name, versions)
    present = present_split(settings, spec.name)
    keys, labels = row_keys(table, spec), table[spec.target.column].to_numpy()
    kept = np.ones(len(table), dtype=bool)
    fair, unfair = [], {}
    seen: dict[tuple[Path, ...], np.ndarray] = {}
    for version in versions:
        try:
            files = _learnt_from(settings, spec, known[version.version], present)
            if files not in seen:
                learnt = [row_keys(_table(file), spec) for file in files]
                seen[files] = np.isin(keys, np.concatenate(learnt))
        except CourtsideError as exc:
            unfair[version.version] = str(exc)
            continue
        mask = kept & ~seen[files]
        if reason := _too_few(labels[mask]):
            unfair[version.version] = reason
            continue
        kept = mask
        fair.append(version.version)
    numbers = tuple(version.version for version in versions)
    return CommonRows(table[kept].reset_index(drop=True), tuple(fair), unfair, elsewhere=numbers)


def learnt_among(
    settings: Settings,
    spec: ProjectSpec,
    version: Version,
    frame: pd.DataFrame,
    most_rows: int,
) -> int:
    """How many labelled rows of ``frame``, a raw table, equal a production row that the version's
    retraining learnt from.

    0 for any other version; NotReady where that is not known, or would take reading more than
    ``most_rows`` rows.
    """
    origin = origins(settings, spec.name, [version])[version.version]
    if origin.preparation is None or not origin.is_renewed:
        return 0
    added = int(origin.preparation.metrics.get("added_rows", 0))
    (path,) = _learnt_from(settings, spec, origin, None)
    if not added or not path.is_file() or io.row_count(path) > most_rows:
        raise NotReady(_UNKNOWN.format(why="its production rows are gone, or too many"))
    labels = read_labels(frame[spec.target.column], spec, "The scored file")
    given = labelled_rows(frame, labels, np.arange(len(frame)), spec, "The scored file").table
    learnt = _table(path).tail(added).reset_index(drop=True)
    return int(np.isin(row_keys(given, spec), row_keys(learnt, spec)).sum())


def _learnt_from(
    settings: Settings, spec: ProjectSpec, origin: Origin, present: Mapping[str, object] | None
) -> tuple[Path, ...]:
    """The tables that hold all rows a version learnt from; NotReady where that is not known."""
    own = settings.layer(spec.name, "05_model_input")
    if origin.preparation is None:
        raise NotReady(_UNKNOWN.format(why="its training is not on record"))
    if origin.is_renewed:
        return (folder_below(own, origin.preparation.run_id) / "base_train.parquet",)
    agrees = origin.agrees(present)
    if agrees == "same":
        return (own / "base_train.parquet",)
    then, now = origin.preparation.params.get("source_sha256"), (present or {}).get("source_sha256")
    if then is None or then != now:
        raise NotReady(_UNKNOWN.format(why="it was trained on a file that has been replaced"))
    # Another split of the same file: it learnt from some of all these.
    return own / "base_train.parquet", own / "base_test.parquet"


def _table(path: Path) -> pd.DataFrame:
    if not path.is_file():
        raise NotReady(_UNKNOWN.format(why="the tables of its training were removed"))
    return io.read_table(path)


def _too_few(labels: np.ndarray) -> str:
    """Why the rows with these labels will not do, or nothing."""
    positives = int(labels.sum())
    if min(positives, len(labels) - positives) >= MIN_CLASS_ROWS:
        return ""
    return (
        f"Without the rows that it, or another of the versions, learnt from, {len(labels):,} are "
        f"left ({positives:,} positive); {MIN_CLASS_ROWS} of each class are needed. Bring labels "
        "of newer rows."
    )


def _note(kept: int, held_back: int, since: str) -> str:
    place = f" from {since} on" if since else ""
    said = (
        f"{kept:,} production rows{place}, the newest with known outcome when it was retrained and "
        "held back to judge by. None of the versions learnt from them."
    )
    if left := held_back - kept:
        said += f" {left:,} more are left out: one of the versions learnt from rows equal to them."
    return said
