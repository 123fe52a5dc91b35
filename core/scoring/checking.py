"""Does a production file fit? Its columns as a diff, renames, and what its first values are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.dataset import io
from core.dataset.spec import ProjectSpec
from core.dataset.validate import ColumnDiff, compare_columns, unreadable_columns
from core.errors import BadInput, SchemaError
from core.scoring.job import check_columns
from core.scoring.order import Order

if TYPE_CHECKING:
    import pandas as pd

_FIRST_ROWS = 1_000
_SHOWN_ROWS = 20


@dataclass(frozen=True)
class FileCheck:
    """A production file before it is scored: size, first rows, and how its columns fit.

    ``wrong`` maps a model column to what its first values are instead of what they should be.
    """

    rows: int
    preview: pd.DataFrame
    diff: ColumnDiff
    has_target: bool
    wrong: dict[str, str]

    @property
    def fits(self) -> bool:
        """Whether it can be scored as it is."""
        return self.diff.fits and not self.wrong


def check(table: io.TableFile, spec: ProjectSpec, renames: Mapping[str, str]) -> FileCheck:
    """Look at a file without scoring it; SchemaError where it has no rows, or columns of ours."""
    what = table.path.name
    check_columns(table.names, what)
    names = renamed(table.names, spec, renames, what)
    _require_rows(table, what)
    first = table.head(_FIRST_ROWS).rename_columns(names)
    return FileCheck(
        rows=table.rows,
        preview=io.plain_frame(first.slice(0, _SHOWN_ROWS)),
        diff=compare_columns(names, spec.raw_columns),
        has_target=spec.target.column in names,
        wrong=unreadable_columns(first, spec),
    )


def check_order(order: Order) -> None:
    """Raise BadInput where the output cannot be what it is called."""
    if order.out.suffix not in io.SUFFIXES:
        raise BadInput(f"The output must end in .parquet or .csv; found {order.out.name!r}.")
    for place in (order.out, order.rejected):
        if place.is_dir():
            raise BadInput(f"{place} is a folder; name a file that the output can be.")
    if order.out.resolve() == order.source.resolve():
        raise BadInput("The output must be another file than the input.")


def require_fit(table: io.TableFile, spec: ProjectSpec, order: Order) -> None:
    """Raise SchemaError with the diff unless the file has every needed column, once renamed."""
    check_columns(table.names, order.shown_as)
    names = renamed(table.names, spec, order.renames, order.shown_as)
    diff = compare_columns(names, spec.raw_columns)
    if not diff.fits:
        raise SchemaError(diff.message(order.shown_as))
    _require_rows(table, order.shown_as)


def _require_rows(table: io.TableFile, what: str) -> None:
    if table.rows == 0:
        raise SchemaError(f"{what} has columns but no rows; choose a file with data.")


def renamed(
    names: Sequence[str], spec: ProjectSpec, renames: Mapping[str, str], what: str
) -> list[str]:
    """The names after the renames; raises SchemaError where one cannot be."""
    needed = {*spec.raw_columns, spec.target.column}
    for found, wanted in renames.items():
        if found not in names or wanted not in needed or wanted in names:
            raise SchemaError(
                f"{what}: {found!r} cannot be read as {wanted!r}. A rename leads from a column "
                "that the file has to a needed one that it lacks."
            )
    if len(set(renames.values())) < len(renames):
        raise SchemaError(f"{what}: two columns cannot be read as one; choose either.")
    return [renames.get(name, name) for name in names]
