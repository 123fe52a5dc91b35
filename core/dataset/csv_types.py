"""The type of a CSV column: the narrowest that all its values have."""

from __future__ import annotations

from typing import Any

# What stands for a missing value outside text columns: the words that pandas knows.
MISSING_WORDS = (
    "",
    "#N/A",
    "#N/A N/A",
    "#NA",
    "-1.#IND",
    "-1.#QNAN",
    "-NaN",
    "-nan",
    "1.#IND",
    "1.#QNAN",
    "<NA>",
    "N/A",
    "NA",
    "NULL",
    "NaN",
    "None",
    "n/a",
    "nan",
    "null",
)
_TYPES = ("int64", "double", "bool", "string")
_ARROW = {"int64": "int64", "double": "float64", "bool": "bool_", "string": "string"}


def arrow_type(kind: str) -> Any:
    """The Arrow type of a column's type by its name here."""
    import pyarrow as pa

    return getattr(pa, _ARROW[kind])()


def narrowest(values: Any, kind: str, decimal: str) -> str:
    """The first type from ``kind`` on that all values have; missing words fit any."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if kind == "string" or values.null_count == len(values):
        return kind
    known = values.filter(pc.invert(pc.is_in(values, value_set=pa.array(MISSING_WORDS))))
    for found in _TYPES[_TYPES.index(kind) :]:
        if found == "string":
            break
        try:
            cast(known, found, decimal)
        except pa.ArrowInvalid:
            continue
        if found != "int64" or not _codes(known):
            return found
        break
    return "string"


def _codes(values: Any) -> bool:
    """Whether digits begin with a zero, as in 007: a code, not a number."""
    import pyarrow.compute as pc

    zero = pc.and_(pc.starts_with(values, "0"), pc.greater(pc.binary_length(values), 1))
    return pc.any(zero).as_py() or False


def cast(values: Any, kind: str, decimal: str) -> Any:
    """Text as a type of a CSV column; raises ArrowInvalid where it is none."""
    import pyarrow.compute as pc

    values = pc.utf8_trim_whitespace(values)
    if kind == "double" and decimal == ",":
        values = pc.replace_substring(values, ",", ".")
    return values.cast(arrow_type(kind))
