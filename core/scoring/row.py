"""One row from a form: read, or refused for the reason that a row of a file would be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from core.dataset.spec import ProjectSpec
from core.dataset.validate import coerce
from core.errors import SchemaError

if TYPE_CHECKING:
    import pandas as pd


def one_row(values: Mapping[str, Any], spec: ProjectSpec) -> pd.DataFrame:
    """``values`` (raw column to value) as a table of one row; SchemaError if it is not usable."""
    import pandas as pd

    frame = pd.DataFrame([{name: values.get(name) for name in spec.raw_columns}])
    coerced = coerce(frame, spec, "The row")
    if not coerced.usable[0]:
        raise SchemaError(f"The row cannot be scored: {coerced.reasons[0]}. Fill it in.")
    return coerced.values
