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

    ``table``: raw columns, derived features, target (0 or 1); ``moment``: (n,) what orders them, a
    time or a row's place in its file. ``together`` is the column of real event times: rows of one
    moment are one event there (a game, a visit), so that a split must not part them. "" where the
    moment is no event's: a batch is logged at one moment, whatever happened when.
    ``unlabelled`` and ``unusable`` rows were left aside, and ``older`` ones by ``newest``.
    """

    table: pd.DataFrame
    moment: np.ndarray
    unlabelled: int
    unusable: int
    together: str = ""
    older: int = 0

    def newest(self, rows: int) -> LabelledRows:
        """The last ``rows`` of them."""
        older = self.older + max(len(self.moment) - rows, 0)
        return replace(self, table=self.table.iloc[-rows:], moment=self.moment[-rows:], older=older)

    def cut(self, learnt_share: float) -> int:
        """How many of them, oldest first, are learnt from; the rest judges."""
        if not self.together:
            return split_by_row(len(self.moment), learnt_share)
        return split_by_time(self.moment, learnt_share)

    def places(self, cut: int) -> tuple[str, str]:
        """The last row before ``cut`` and the first after it: by their time where it differs.

        Else by their place: of a file without times in the file, of others among the labelled
        rows, oldest first.
        """
        before, after = _time(self.moment, cut - 1), _time(self.moment, cut)
        if before != after:
            return before, after
        return self._place(cut - 1), self._place(cut)

    def _place(self, row: int) -> str:
        if self.moment.dtype.kind == "M":
            return f"labelled row {self.older + row + 1:,}"
        return f"row {int(self.moment[row]) + 1:,}"


@dataclass(frozen=True)
class Renewal:
    """What a retraining learns from and what it is judged on.

    ``test`` holds the ``old_test_rows`` of the last preparation first, then the most recent
    production rows. ``learnt_until`` is the moment of the last production row in ``train``, or its
    place; ``since`` and ``until`` are the moments of the first and the last at all, "" where these
    are no times. ``asked_share`` of the production rows were to be learnt from; ``together`` names
    the column whose rows of one moment stayed on one side, "" where none did.
    """

    train: pd.DataFrame
    test: pd.DataFrame
    old_train_rows: int
    old_test_rows: int
    learnt_until: str
    judged_from: str
    since: str = ""
    until: str = ""
    asked_share: float = 0.0
    together: str = ""

    @property
    def added_rows(self) -> int:
        return len(self.train) - self.old_train_rows

    @property
    def recent_rows(self) -> int:
        return len(self.test) - self.old_test_rows

    @property
    def learnt_share(self) -> float:
        """The part of the production rows that is learnt from."""
        return self.added_rows / (self.added_rows + self.recent_rows)

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
    frame: pd.DataFrame,
    labels: np.ndarray,
    moment: np.ndarray,
    spec: ProjectSpec,
    what: str,
    together: str = "",
) -> LabelledRows:
    """Usable rows with a label (1, 0, nan unknown), put in order of ``moment``, each (n,).

    Rows of the same moment keep their order; ``together`` as in LabelledRows. SchemaError where
    columns are absent.
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
        together=together,
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
    """The labelled rows of the inference log, in its order; None where there are none.

    They are no event's rows: a split may fall inside a batch, whose rows stand as in its file.
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
    """The labelled rows of a production file, by the project's date; by place if it has none.

    Rows of one date happened together.
    """
    require_columns(list(frame.columns), [*spec.raw_columns, spec.target.column], what)
    labels = read_labels(frame[spec.target.column], spec, what)
    together = _date_column(frame, spec)
    moments = _moments(frame, together, what) if together else np.arange(len(frame))
    return labelled_rows(frame, labels, moments, spec, what, together)


def _date_column(frame: pd.DataFrame, spec: ProjectSpec) -> str:
    """The column of event times; "" where there is none."""
    return spec.date if spec.date is not None and spec.date in frame.columns else ""


def _moments(frame: pd.DataFrame, column: str, what: str) -> np.ndarray:
    import pandas as pd

    moments = pd.to_datetime(frame[column], errors="coerce", utc=True)
    if unread := int(moments.isna().sum()):
        raise SchemaError(
            f"{what} has {unread:,} rows whose {column!r} is no date; mend them, since the most "
            "recent rows are to judge."
        )
    return moments.dt.tz_localize(None).to_numpy()


def split_by_row(rows: int, learnt_share: float) -> int:
    """How many of so many rows, oldest first, are learnt from; the rest judges."""
    if not 0.05 <= learnt_share <= 0.95:
        raise BadInput(f"The share to learn from is 0.05 to 0.95; found {learnt_share:g}.")
    return round(rows * learnt_share)


def split_by_time(moment: np.ndarray, learnt_share: float) -> int:
    """The same of events at these moments, (n,) in rising order.

    The cut is moved to the nearest change of moment where there is one, so that rows of one day
    (a game, a visit) do not stand on both sides.
    """
    wanted = split_by_row(len(moment), learnt_share)
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

    cut = recent.cut(learnt_share)
    earlier, later = recent.table.iloc[:cut], recent.table.iloc[cut:]
    for part, name in ((earlier, "to learn from"), (later, "to judge by")):
        _check_classes(part[spec.target.column].to_numpy(), name, spec)
    learnt_until, judged_from = recent.places(cut)
    return Renewal(
        train=pd.concat([train, earlier], ignore_index=True),
        test=pd.concat([test, later], ignore_index=True),
        old_train_rows=len(train),
        old_test_rows=len(test),
        learnt_until=learnt_until,
        judged_from=judged_from,
        since=_time(recent.moment, 0),
        until=_time(recent.moment, -1),
        asked_share=learnt_share,
        together=recent.together,
    )


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
