"""The rows of a replay as a parquet or CSV file, written piece by piece."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from core.scoring.replay import Asked
from core.scoring.table_writer import writing

if TYPE_CHECKING:
    import pyarrow as pa

SUFFIXES = (".parquet", ".csv")


class Writer(Protocol):
    def __call__(self, asked: Asked) -> None: ...


@contextmanager
def writer(path: Path | None, kinds: Mapping[str, str]) -> Iterator[Writer]:
    """Writes pieces to ``path``, which appears only if the block succeeds; None writes nothing.

    Raises CourtsideError where it cannot be written.
    """
    if path is None:
        yield lambda asked: None
        return
    schema = _schema(kinds)
    with writing(path, plain_schema=False) as file:

        def write(asked: Asked) -> None:
            import pyarrow as pa

            file.write(
                pa.Table.from_pandas(asked.table(), schema, preserve_index=False, safe=False)
            )

        yield write


def _schema(kinds: Mapping[str, str]) -> pa.Schema:
    import pyarrow as pa

    texts = dict.fromkeys(("prediction_id", "source", "model_version"), pa.string())
    inputs = {
        name: pa.string() if kind == "categorical" else pa.float64() for name, kind in kinds.items()
    }
    answers = {
        "label": pa.float64(),
        "logged_probability": pa.float64(),
        "logged_prediction": pa.int8(),
        "probability": pa.float64(),
        "prediction": pa.int8(),
        "changed": pa.bool_(),
    }
    logged_at = {"logged_at": pa.timestamp("us", tz="UTC")}
    return pa.schema(list((logged_at | texts | inputs | answers).items()))
