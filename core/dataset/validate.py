"""Does this table fit the project? Columns as a diff of names, values row by row."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from core.dataset.spec import ProjectSpec
from core.dataset.values import by_distinct, noun, read_arrow, read_series, to_series
from core.errors import SchemaError

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


@dataclass(frozen=True)
class ColumnDiff:
    """What a table has against what the project needs.

    ``renames`` maps a missing column to the extra one that it probably is.
    """

    missing: tuple[str, ...]
    extra: tuple[str, ...]
    renames: tuple[tuple[str, str], ...]

    @property
    def fits(self) -> bool:
        return not self.missing

    def message(self, what: str) -> str:
        """One sentence for a person, with the likely renames."""
        likely = dict(self.renames)
        parts = [
            f"{name} (is it {likely[name]!r}?)" if name in likely else name for name in self.missing
        ]
        found = ", ".join(self.extra[:12]) + (" …" if len(self.extra) > 12 else "")
        return (
            f"{what} lacks {len(self.missing)} needed column(s): {', '.join(parts)}. "
            f"Besides the expected ones it has: {found or 'nothing'}. "
            "Rename or add the columns and try again."
        )


def compare_columns(found: Sequence[str], needed: Sequence[str]) -> ColumnDiff:
    """The difference of two lists of names; spelling and case decide what a rename may be."""
    missing = tuple(name for name in needed if name not in found)
    extra = tuple(name for name in found if name not in needed)
    plain = {_plain(name): name for name in extra}
    renames = []
    for name in missing:
        close = difflib.get_close_matches(_plain(name), list(plain), n=1, cutoff=0.8)
        if close:
            renames.append((name, plain[close[0]]))
    return ColumnDiff(missing, extra, tuple(renames))


def require_columns(found: Sequence[str], needed: Sequence[str], what: str) -> None:
    """Raise SchemaError with the diff unless every needed name is there, once."""
    diff = compare_columns(found, needed)
    if not diff.fits:
        raise SchemaError(diff.message(what))
    doubled = [name for name, count in Counter(found).items() if count > 1 and name in needed]
    if doubled:
        raise SchemaError(
            f"{what} has {', '.join(map(repr, doubled))} more than once; "
            "give every column a name of its own."
        )


@dataclass(frozen=True)
class Coerced:
    """A table with its model columns in their kinds' types.

    ``values`` holds the raw columns only: float64 for numeric and boolean (nan where missing),
    text for categorical (None where missing). ``reasons`` has one text per row, empty where the
    row can be used.
    """

    values: pd.DataFrame
    reasons: np.ndarray

    @property
    def usable(self) -> np.ndarray:
        """Mask of shape (n,) of the rows that can be used."""
        return self.reasons == ""


def coerce(
    table: pd.DataFrame | pa.Table, spec: ProjectSpec, what: str, first: bool = True
) -> Coerced:
    """Read every model column as its kind says; ``table`` is of pandas or Arrow.

    A value that cannot be read, or is missing where the project needs one, gives its row a reason.
    Raises SchemaError where columns are absent, or where no value of a column can be read and the
    table is the ``first`` of its file: later ones may be a few bad rows.
    """
    import pandas as pd

    is_frame = isinstance(table, pd.DataFrame)
    names = list(table.columns) if is_frame else table.column_names
    require_columns(names, spec.raw_columns, what)
    values: dict[str, np.ndarray] = {}
    reasons = np.full(len(table), "", dtype=object)
    wrong: list[str] = []
    for column in spec.columns:
        raw = table[column.name]
        read = read_series(raw, column.kind) if is_frame else read_arrow(raw, column.kind)
        values[column.name] = read.values
        if read.unread.any():
            if first and read.unread.sum() == (~read.absent).sum():
                wrong.append(_wrong_type(column.name, column.kind, raw, read.unread))
            _add_reasons(reasons, read.unread, f"{column.name}: not a {noun(column.kind)}")
        if column.name in spec.required_columns and read.absent.any():
            _add_reasons(reasons, read.absent, f"{column.name}: missing")
    if wrong:
        raise SchemaError(f"{what} has {'; '.join(wrong)}. Mend the column(s) and try again.")
    return Coerced(pd.DataFrame(values, index=table.index if is_frame else None), reasons)


def unreadable_columns(table: pa.Table, spec: ProjectSpec) -> dict[str, str]:
    """Model columns of which no value can be read as its kind says, with what they hold."""
    found = {}
    for column in spec.columns:
        if column.name in table.column_names:
            raw = table[column.name]
            read = read_arrow(raw, column.kind)
            if read.unread.any() and read.unread.sum() == (~read.absent).sum():
                found[column.name] = _wrong_type(column.name, column.kind, raw, read.unread)
    return found


def read_labels(values: pd.Series | pa.ChunkedArray, spec: ProjectSpec, what: str) -> np.ndarray:
    """The target as float64 of shape (n,): 1.0 positive, 0.0 negative, nan unknown.

    Raises SchemaError when there are more than two labels, or when two are there and neither is
    the positive one.
    """
    import pandas as pd

    if isinstance(values, pd.Series):
        return _labels_of(values, spec, what)
    places, distinct = by_distinct(values)
    return _labels_of(distinct, spec, what)[places]


def _labels_of(values: pd.Series, spec: ProjectSpec, what: str) -> np.ndarray:
    from core.dataset.columns import MISSING, as_categories

    text = as_categories(values)
    text = np.where(np.isin(text, ["", "nan", "None"]), MISSING, text)
    if values.dtype == bool:
        text = np.where(values.to_numpy(), "True", "False").astype(object)
    known = sorted({str(label) for label in set(text) if label != MISSING})
    positive = {spec.target.positive}
    for words in (_TRUE_WORDS, _FALSE_WORDS):
        if spec.target.positive in words:
            positive |= words
    if len(known) > 2 or (len(known) == 2 and not positive & set(known)):
        raise SchemaError(
            f"{what}: the target {spec.target.column!r} should hold two labels, one of them "
            f"{spec.target.positive!r}; found {', '.join(known[:8])}. Check `target.positive` in "
            "the project's specification."
        )
    result = np.where(np.isin(text, list(positive)), 1.0, 0.0)
    result[text == MISSING] = np.nan
    return result


_TRUE_WORDS = {"1", "1.0", "True", "true"}
_FALSE_WORDS = {"0", "0.0", "False", "false"}


def _wrong_type(name: str, kind: str, raw: pd.Series | pa.ChunkedArray, unread: np.ndarray) -> str:
    import pandas as pd

    series = raw if isinstance(raw, pd.Series) else to_series(raw)
    example = str(series.to_numpy()[np.flatnonzero(unread)[0]])[:40]
    return f"{name!r} where {noun(kind)}s belong, but found {series.dtype} such as {example!r}"


def _add_reasons(reasons: np.ndarray, mask: np.ndarray, text: str) -> None:
    reasons[mask] = [f"{old}; {text}" if old else text for old in reasons[mask]]


def _plain(name: str) -> str:
    return "".join(ch for ch in name.lower() if ch.isalnum())
