"""A retraining that an alarm called for, made ready on record: what one press would start.

It is kept with its own figures, so that whoever comes later sees what would be trained without
the log being read again, and with a digest of its rows, so that a press starts exactly that.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from core.dataset.retrain import LabelledRows, Renewal
from core.errors import CourtsideError
from core.files import read_json, write_json

if TYPE_CHECKING:
    import pandas as pd

Position = TypeVar("Position")
Read = Callable[[Position], "tuple[pd.DataFrame, Position]"]


@dataclass(frozen=True)
class Source:
    """What a preparation was made from; another ``labels`` or ``preparation`` is another one.

    ``labels``: when late labels were last written (ns); ``preparation``: the run of the prepared
    training data; ``position``: how far the inference log had been read.
    """

    labels: int
    preparation: str
    position: Mapping[str, int]


@dataclass(frozen=True)
class PreparedRetraining:
    """``reason`` says why none could be prepared; then there is no plan and figures are 0.

    ``plan`` is the training plan as JSON, ``fits`` how many model fits it takes at the most.
    Rows: ``train_rows`` of training and ``added_rows`` of production are learnt from; the newest
    ``recent_rows`` of production judge, from ``judged_from`` on, beside ``old_test_rows`` of the
    old holdout; ``aside_rows`` of production have no label or lack a needed value. ``alarms``:
    rules that called for it. ``job_id`` is set once it has been started.
    """

    prepared_id: str
    made_at: str
    source: Source
    alarms: tuple[str, ...]
    reason: str = ""
    plan: Mapping[str, Any] = field(default_factory=dict)
    fits: int = 0
    learnt_share: float = 0.0
    train_rows: int = 0
    added_rows: int = 0
    recent_rows: int = 0
    old_test_rows: int = 0
    aside_rows: int = 0
    learnt_until: str = ""
    judged_from: str = ""
    job_id: str = ""

    @property
    def can_start(self) -> bool:
        return not self.reason and not self.job_id

    @property
    def labelled_rows(self) -> int:
        """Production rows with a known outcome that it uses."""
        return self.added_rows + self.recent_rows

    @property
    def made(self) -> datetime:
        """When, UTC."""
        return datetime.fromisoformat(self.made_at)

    def as_json(self) -> dict[str, Any]:
        """Without its source, which only says when to make it anew."""
        return {name: value for name, value in asdict(self).items() if name != "source"}


def of(
    plan: Mapping[str, Any],
    fits: int,
    learnt_share: float,
    rows: tuple[Renewal, LabelledRows],
    source: Source,
    alarms: tuple[str, ...],
) -> PreparedRetraining:
    """Ready to be started: a plan, and the rows that it would learn from and be judged by."""
    renewal, recent = rows
    return PreparedRetraining(
        prepared_id=digest_of(plan, renewal.train, renewal.test),
        made_at=_now(),
        source=source,
        alarms=alarms,
        plan=plan,
        fits=fits,
        learnt_share=learnt_share,
        train_rows=renewal.old_train_rows,
        added_rows=renewal.added_rows,
        recent_rows=renewal.recent_rows,
        old_test_rows=renewal.old_test_rows,
        aside_rows=recent.unlabelled + recent.unusable,
        learnt_until=renewal.learnt_until,
        judged_from=renewal.judged_from,
    )


def cannot(reason: str, source: Source, alarms: tuple[str, ...]) -> PreparedRetraining:
    """Called for, but not possible now."""
    return PreparedRetraining("", _now(), source, alarms, reason=reason)


def labels_after(read: Read[Position], place: Position) -> tuple[bool, Position]:
    """Whether a row with a label was logged after ``place``, and the place up to where it is known.

    ``read`` gives some rows of the log after a place and the place after them.
    """
    rows, place = read(place)
    while len(rows):
        if rows["label"].notna().any():
            return True, place
        rows, place = read(place)
    return False, place


def digest_of(plan: Mapping[str, Any], *tables: pd.DataFrame) -> str:
    """The same for the same plan and the same rows in the same order."""
    from pandas.util import hash_pandas_object

    digest = hashlib.sha256(json.dumps(plan, sort_keys=True).encode())
    for table in tables:
        digest.update(repr(list(table.columns)).encode())
        digest.update(hash_pandas_object(table, index=False).to_numpy().tobytes())
    return digest.hexdigest()[:16]


def read(path: Path) -> PreparedRetraining | None:
    """What is kept; None where nothing is, or where it cannot be read: it can be made again."""
    try:
        stored = read_json(path)
        known = {one.name for one in fields(PreparedRetraining)}
        values = {name: value for name, value in stored.items() if name in known}
        values |= {"source": Source(**stored["source"]), "alarms": tuple(stored["alarms"])}
        return PreparedRetraining(**values)
    except FileNotFoundError:
        return None
    except (CourtsideError, KeyError, TypeError, AttributeError):
        return None


def write(path: Path, prepared: PreparedRetraining) -> None:
    """Keep it in place of the one before."""
    write_json(path, asdict(prepared))


def _now() -> str:
    return datetime.now(UTC).isoformat()
