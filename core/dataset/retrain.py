"""Old training data and newer labelled rows, split so that the most recent rows judge."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from core.dataset.prepare import MIN_CLASS_ROWS, model_input
from core.dataset.spec import ProjectSpec
from core.dataset.validate import coerce, read_labels, require_columns
from core.errors import BadInput, SchemaError

if TYPE_CHECKING:
    import pandas as pd

LOG = "log"  # where rows come from, if not from a file
# What decides which rows are held out; the rest of a preparation's record does not.
SPLIT = ("source_sha256", "test_size", "split_seed", "stratify", "drop_duplicates", "drop_missing")
# That, and which data they were.
OF_THE_SPLIT = ("source", "spec_digest", *SPLIT)


def folder_below(model_input: Path, run_id: str) -> Path:
    """Where a retraining keeps its tables below 05_model_input; it is named by its preparation."""
    return model_input / "retrain" / run_id


@dataclass(frozen=True)
class LabelledRows:
    """Production rows whose outcome is known, oldest first.

    ``table``: raw columns, derived features, target (0 or 1); ``moment``: (n,) what orders them.
    ``unlabelled`` and ``unusable`` rows were left aside.
    """

    table: pd.DataFrame
    moment: np.ndarray
    unlabelled: int
    unusable: int

    def newest(self, rows: int) -> LabelledRows:
        """The last ``rows`` of them."""
        return LabelledRows(
            self.table.iloc[-rows:], self.moment[-rows:], self.unlabelled, self.unusable
        )


@dataclass(frozen=True)
class Renewal:
    """What a retraining learns from and what it is judged on.

    ``test`` holds the ``old_test_rows`` of the last preparation first, then the most recent
    production rows. ``learnt_until`` is the moment of the last production row in ``train``;
    ``since`` and ``until`` those of the first and the last at all, "" where these are no times.
    """

    train: pd.DataFrame
    test: pd.DataFrame
    old_train_rows: int
    old_test_rows: int
    learnt_until: str
    judged_from: str
    since: str = ""
    until: str = ""

    @property
    def added_rows(self) -> int:
        return len(self.train) - self.old_train_rows

    @property
    def recent_rows(self) -> int:
        return len(self.test) - self.old_test_rows

    @property
    def counts(self) -> dict[str, int]:
        """Rows by what they are for, under the names of the record."""
        return {
            "train_rows": len(self.train),
            "test_rows": len(self.test),
            "added_rows": self.added_rows,
            "recent_rows": self.recent_rows,
            "old_test_rows": self.old_test_rows,
        }


def labelled_rows(
    frame: pd.DataFrame, labels: np.ndarray, moment: np.ndarray, spec: ProjectSpec, what: str
) -> LabelledRows:
    """Usable rows with a label (1, 0, nan unknown), put in order of ``moment``, each (n,).

    Rows of the same moment keep their order. SchemaError where columns are absent.
    """
    coerced = coerce(frame, spec, what)
    known = ~np.isnan(labels)
    kept = known & coerced.usable
    table = model_input(coerced.values[kept], labels[kept], spec)
    order = np.argsort(moment[kept], kind="stable")
    return LabelledRows(
        table.iloc[order].reset_index(drop=True),
        moment[kept][order],
        unlabelled=int((~known).sum()),
        unusable=int((known & ~coerced.usable).sum()),
    )


def scored_again(requests: Iterable[tuple[str, str]]) -> set[str]:
    """Requests whose file a later one scored again.

    ``requests``: id and digest of the file (empty where it was none), the newest first.
    """
    seen: set[str] = set()
    again = set()
    for name, digest in requests:
        if digest in seen:
            again.add(name)
        elif digest:
            seen.add(digest)
    return again


def rows_of_log(
    pieces: Iterable[tuple[pd.DataFrame, np.ndarray]],
    repeated: Collection[str],
    spec: ProjectSpec,
) -> LabelledRows | None:
    """The labelled rows of the inference log, by when they were logged; None where there are none.

    ``pieces``: the log, oldest first, each with its labels (n,), nan where unknown; ``repeated``:
    requests that were scored again later, which do not count.
    """
    import pandas as pd

    kept, unlabelled = [], 0
    for piece, label in pieces:
        known = ~np.isnan(label)
        unlabelled += int((~known).sum())
        known &= ~piece["request_id"].isin(repeated).to_numpy()
        if known.any() and set(spec.raw_columns) <= set(piece.columns):
            kept.append(piece[known].assign(label=label[known]))
    if not kept:
        return None
    rows = pd.concat(kept, ignore_index=True)
    moment = rows["logged_at"].dt.tz_localize(None).to_numpy()
    found = labelled_rows(rows, rows["label"].to_numpy(), moment, spec, "The log")
    return replace(found, unlabelled=unlabelled)


def rows_of_file(frame: pd.DataFrame, spec: ProjectSpec, what: str) -> LabelledRows:
    """The labelled rows of a production file, by the project's date; by place if it has none."""
    require_columns(list(frame.columns), [*spec.raw_columns, spec.target.column], what)
    labels = read_labels(frame[spec.target.column], spec, what)
    return labelled_rows(frame, labels, _moments(frame, spec, what), spec, what)


def _moments(frame: pd.DataFrame, spec: ProjectSpec, what: str) -> np.ndarray:
    import pandas as pd

    if spec.date is None or spec.date not in frame.columns:
        return np.arange(len(frame))
    moments = pd.to_datetime(frame[spec.date], errors="coerce", utc=True)
    if unread := int(moments.isna().sum()):
        raise SchemaError(
            f"{what} has {unread:,} rows whose {spec.date!r} is no date; mend them, since the most "
            "recent rows are to judge."
        )
    return moments.dt.tz_localize(None).to_numpy()


def split_by_time(moment: np.ndarray, learnt_share: float) -> int:
    """How many of the rows, oldest first, are learnt from; the rest judges.

    ``moment``: (n,) in rising order. The cut is moved to the nearest change of moment where there
    is one, so that rows of one day (a game, a batch) do not stand on both sides.
    """
    if not 0.05 <= learnt_share <= 0.95:
        raise BadInput(f"The share to learn from is 0.05 to 0.95; found {learnt_share:g}.")
    wanted = round(len(moment) * learnt_share)
    changes = np.flatnonzero(moment[1:] != moment[:-1]) + 1
    if not changes.size:
        return wanted
    return int(changes[np.abs(changes - wanted).argmin()])


def renew(
    train: pd.DataFrame,
    test: pd.DataFrame,
    recent: LabelledRows,
    learnt_share: float,
    spec: ProjectSpec,
) -> Renewal:
    """Prepared tables with production rows: the earlier part to ``train``, the later to ``test``.

    BadInput where either part of the production rows lacks rows of a class.
    """
    import pandas as pd

    cut = split_by_time(recent.moment, learnt_share) if len(recent.moment) else 0
    earlier, later = recent.table.iloc[:cut], recent.table.iloc[cut:]
    for part, name in ((earlier, "to learn from"), (later, "to judge by")):
        _check_classes(part[spec.target.column].to_numpy(), name, spec)
    return Renewal(
        train=pd.concat([train, earlier], ignore_index=True),
        test=pd.concat([test, later], ignore_index=True),
        old_train_rows=len(train),
        old_test_rows=len(test),
        learnt_until=_words(recent.moment, cut - 1),
        judged_from=_words(recent.moment, cut),
        since=_time(recent.moment, 0),
        until=_time(recent.moment, -1),
    )


def _words(moments: np.ndarray, row: int) -> str:
    """A day, or a day and time; the row's place where moments are no times, or all the same."""
    if moments.dtype.kind != "M" or moments[0] == moments[-1]:
        return f"row {row + 1:,}"
    return _time(moments, row)


def _time(moments: np.ndarray, row: int) -> str:
    """A day, or a day and time; "" where moments are no times."""
    if moments.dtype.kind != "M":
        return ""
    return str(moments[row])[:19].replace("T", " ").removesuffix(" 00:00:00")


def _check_classes(labels: np.ndarray, name: str, spec: ProjectSpec) -> None:
    positives = int(labels.sum())
    negatives = len(labels) - positives
    if min(positives, negatives) < MIN_CLASS_ROWS:
        raise BadInput(
            f"Retraining needs at least {MIN_CLASS_ROWS} production rows of each class {name}; "
            f"found {positives:,} {spec.target.positive_words} and {negatives:,} "
            f"{spec.target.negative_words}. Bring more labels, or move the split."
        )
