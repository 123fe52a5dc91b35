"""What a log looks like: its columns, its files, and the values that its readers hold."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np

from core.errors import BadInput, IntegrityError, SchemaError

Kind = Literal["numeric", "boolean", "categorical"]

HEAD = ("logged_at", "prediction_id", "request_id", "source", "model_version")
TAIL = ("probability", "prediction", "label")
_NEEDS_QUOTES = re.compile('[,"\r\n]')
SOURCES = ("form", "batch", "rest", "cli")


@dataclass(frozen=True, order=True)
class Position:
    """A reader's place: the rows before ``byte`` of ``segment`` have been read.

    Opaque, but JSON-able by ``as_json``; it stays valid when the log is rotated.
    """

    segment: int
    byte: int

    def as_json(self) -> dict[str, int]:
        return {"segment": self.segment, "byte": self.byte}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Position:
        """The inverse of ``as_json``; raises BadInput on anything else."""
        segment, byte = value.get("segment"), value.get("byte")
        if not (isinstance(segment, int) and isinstance(byte, int)) or min(segment, byte) < 0:
            raise BadInput(
                "A position in the inference log is {'segment': n, 'byte': n}; "
                f"found {dict(value)!r}. Start again without one."
            )
        return cls(segment, byte)


@dataclass(frozen=True)
class RowSpan:
    """``rows`` rows of a log by their place in it: from number ``first`` on, counted from 0."""

    first: int
    rows: int

    def __post_init__(self) -> None:
        if self.first < 0 or self.rows < 1:
            raise BadInput(
                "A stretch of the log begins at row 0 or later and has 1 row or more; found "
                f"{self.rows} from {self.first} on."
            )

    def parameters(self) -> dict[str, int]:
        """For the record, counted from 1 as people do."""
        return {"first_row": self.first + 1, "rows_from_there": self.rows}


@dataclass(frozen=True)
class Appended:
    """What an append did; once a caller holds this, the rows are on disk.

    ``logged_at`` is None if there was nothing to log. ``healed`` names the file that a torn
    tail, left by a process that died while writing, was moved to.
    """

    request_id: str
    prediction_ids: np.ndarray
    rows: int
    logged_at: datetime | None
    healed: str | None


@dataclass(frozen=True)
class LogPaths:
    """The files of one log: the CSV that people open, and its companions beside it."""

    current: Path

    def _beside(self, suffix: str) -> Path:
        return self.current.with_name(f"{self.current.stem}.{suffix}")

    @property
    def lock(self) -> Path:
        return self._beside("lock")

    @property
    def commit(self) -> Path:
        return self._beside("commit.json")

    @property
    def index(self) -> Path:
        return self._beside("index.jsonl")

    def rotated(self, segment: int) -> Path:
        return self._beside(f"{segment:04d}{self.current.suffix}")

    def torn(self, moment: datetime) -> Path:
        return self._beside(f"torn-{moment:%Y%m%dT%H%M%S%f}{self.current.suffix}")

    def segment(self, number: int) -> Path:
        """Where a segment lies now: under its number once it has been rotated away."""
        rotated = self.rotated(number)
        return rotated if rotated.exists() else self.current

    def rotated_numbers(self) -> list[int]:
        """Numbers of the rotated segments on disk, ascending."""
        pattern = re.compile(
            rf"{re.escape(self.current.stem)}\.(\d{{4,}}){re.escape(self.current.suffix)}"
        )
        found = (pattern.fullmatch(entry.name) for entry in self.current.parent.glob("*"))
        return sorted(int(match[1]) for match in found if match)


def check_columns(columns: Sequence[str]) -> tuple[str, ...]:
    """The input columns as a tuple; raises SchemaError if the log cannot hold them."""
    reserved = sorted({*HEAD, *TAIL} & set(columns))
    repeated = sorted({name for name in columns if list(columns).count(name) > 1})
    if not columns or reserved or repeated or not all(isinstance(name, str) for name in columns):
        raise SchemaError(
            "The inference log needs the model's input columns as distinct names other than its "
            f"own; found reserved {reserved}, repeated {repeated} among {list(columns)}. "
            "Rename them in the project's specification."
        )
    return tuple(columns)


def check_kinds(kinds: Mapping[str, Kind]) -> dict[str, Kind]:
    """A copy of ``kinds``; raises SchemaError for a kind that is none."""
    wrong = {name: kind for name, kind in kinds.items() if kind not in get_args(Kind)}
    if wrong:
        raise SchemaError(f"An input column is {', '.join(get_args(Kind))}; found {wrong}.")
    return dict(kinds)


def header_line(columns: Sequence[str]) -> bytes:
    """The log's header as CSV bytes, with its line feed."""
    return names_line((*HEAD, *columns, *TAIL))


def names_line(names: Sequence[str]) -> bytes:
    """Column names as a CSV row, with its line feed."""
    # Not csv.writer, which leaves a lone carriage return unquoted (Python 3.11 and 3.12).
    cells = (
        '"' + name.replace('"', '""') + '"' if not name or _NEEDS_QUOTES.search(name) else name
        for name in names
    )
    return (",".join(cells) + "\n").encode("utf-8")


def parse_header(line: bytes, name: str) -> tuple[str, ...]:
    """The input columns that a header names; raises IntegrityError if it is not a log's."""
    try:
        found = tuple(next(csv.reader(io.StringIO(line.decode("utf-8"), newline="")), ()))
    except (UnicodeDecodeError, csv.Error):
        found = ()
    head, columns, tail = found[: len(HEAD)], found[len(HEAD) : -len(TAIL)], found[-len(TAIL) :]
    if head != HEAD or tail != TAIL or not columns:
        raise IntegrityError(
            f"{name} should begin with a header {', '.join(HEAD)}, the model's input columns, "
            f"then {', '.join(TAIL)}; found {', '.join(found)[:200]!r}. "
            "Put the original file back, or move this one away and rebuild the log."
        )
    return check_columns(columns)
