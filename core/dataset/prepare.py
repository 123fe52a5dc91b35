"""From the raw development file to the model's input: clean, derive, split."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from core.dataset.rows import repeated
from core.dataset.spec import ProjectSpec
from core.dataset.validate import coerce, read_labels, require_columns
from core.errors import BadInput, SchemaError

if TYPE_CHECKING:
    import pandas as pd

MIN_CLASS_ROWS = 10


@dataclass(frozen=True)
class Prepared:
    """The layers of one preparation; every table keeps the raw file's row numbers as its index.

    ``primary``: the rows kept, all raw file columns. ``features``: the model's features and the
    target. ``train`` and ``test``: raw model columns, derived features, target (0 or 1).
    """

    rows_raw: int
    rows_duplicated: int
    rows_unlabelled: int
    rows_incomplete: int
    primary: pd.DataFrame
    features: pd.DataFrame
    train: pd.DataFrame
    test: pd.DataFrame


def prepare(
    frame: pd.DataFrame,
    spec: ProjectSpec,
    test_size: float | None = None,
    split_seed: int | None = None,
) -> Prepared:
    """Clean, derive and split a raw development table by the specification's rules.

    ``test_size`` and ``split_seed`` replace the project's own. Raises SchemaError where columns or
    values do not fit, BadInput where too little is left to learn from.
    """
    target = spec.target.column
    require_columns(list(frame.columns), [*spec.raw_columns, target], "The development file")
    share = spec.test_size if test_size is None else test_size
    seed = spec.split_seed if split_seed is None else split_seed
    _check_split(share, seed)
    distinct = ~repeated(frame) if spec.drop_duplicates else np.ones(len(frame), dtype=bool)
    labels = read_labels(frame[target], spec, "The development file")
    coerced = coerce(frame, spec, "The development file")
    _refuse_unreadable(coerced.reasons)
    labelled = ~np.isnan(labels)
    kept = distinct & labelled & coerced.usable
    _check_classes(labels[kept], spec)
    table = model_input(coerced.values[kept], labels[kept], spec)
    train, test = _split(table, target, share, seed, spec.stratify)
    return Prepared(
        rows_raw=len(frame),
        rows_duplicated=int((~distinct).sum()),
        rows_unlabelled=int((distinct & ~labelled).sum()),
        rows_incomplete=int((distinct & labelled & ~coerced.usable).sum()),
        primary=frame[kept],
        features=table[[*spec.features, target]],
        train=train,
        test=test,
    )


def derive(values: pd.DataFrame, spec: ProjectSpec) -> pd.DataFrame:
    """The derived features of coerced raw columns, float64, one column each."""
    import pandas as pd

    from core.dataset.expression import Expression

    numbers = {
        name: values[name].to_numpy() for name, kind in spec.kinds.items() if kind != "categorical"
    }
    derived: dict[str, np.ndarray] = {}
    for name, text in spec.derived:
        numbers[name] = derived[name] = Expression(text).evaluate(numbers)
    return pd.DataFrame(derived, index=values.index)


def model_input(values: pd.DataFrame, labels: np.ndarray, spec: ProjectSpec) -> pd.DataFrame:
    """Coerced raw columns, derived features and the target (0 or 1): what training reads."""
    import pandas as pd

    table = pd.concat([values, derive(values, spec)], axis=1)
    table[spec.target.column] = labels.astype(np.int64)
    return table


def _check_split(share: float, seed: int) -> None:
    if not 0.01 <= share <= 0.9:
        raise BadInput(f"The test share must lie between 0.01 and 0.9; found {share:g}.")
    if not 0 <= seed < 2**31:
        raise BadInput(f"The split's seed is a whole number from 0 to {2**31 - 1}; found {seed}.")


def _refuse_unreadable(reasons: np.ndarray) -> None:
    """A missing value is a rule's business; one of the wrong type is a fault in the file."""
    unreadable = [reason for reason in reasons if ": not a " in reason]
    if unreadable:
        raise SchemaError(
            f"The development file has {len(unreadable):,} row(s) with values of the wrong type "
            f"({unreadable[0]}); mend them and try again."
        )


def _check_classes(labels: np.ndarray, spec: ProjectSpec) -> None:
    positives = int(labels.sum())
    negatives = len(labels) - positives
    if len(labels) == 0:
        raise BadInput(
            f"No row is left to learn from: every row lacks a label in {spec.target.column!r} or a "
            "needed value."
        )
    if min(positives, negatives) < MIN_CLASS_ROWS:
        raise BadInput(
            f"Learning needs at least {MIN_CLASS_ROWS} rows of each class; found {positives:,} "
            f"{spec.target.positive_words} and {negatives:,} {spec.target.negative_words}. "
            "Choose a file with both, or check `target.positive` in the specification."
        )


def _split(
    table: pd.DataFrame, target: str, test_size: float, seed: int, stratify: bool
) -> tuple[pd.DataFrame, pd.DataFrame]:
    from sklearn.model_selection import train_test_split

    try:
        train, test = train_test_split(
            table,
            test_size=test_size,
            random_state=seed,
            stratify=table[target] if stratify else None,
        )
    except ValueError as exc:  # so few rows that a part would lack a class
        raise BadInput(
            f"{len(table):,} rows are too few for a test share of {test_size:g} ({exc}); choose a "
            "larger share or a larger file."
        ) from exc
    if min(train[target].nunique(), test[target].nunique()) < 2:
        raise BadInput(
            "After the split one part has a single class; choose a larger test share or stratify."
        )
    return train, test
