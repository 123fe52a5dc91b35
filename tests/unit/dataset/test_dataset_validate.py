"""Does a table fit its project? The diff of names, the reasons of rows, the two labels."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from core.dataset import spec as specs
from core.dataset.spec import ProjectSpec
from core.dataset.validate import coerce, compare_columns, read_labels, require_columns
from core.errors import SchemaError


def test_missing_columns_with_likely_renames() -> None:
    diff = compare_columns(["Shot Distance", "lat", "lng", "x"], ["shot_distance", "lat", "lon"])
    assert diff.missing == ("shot_distance", "lon")
    assert diff.extra == ("Shot Distance", "lng", "x")
    assert dict(diff.renames) == {"shot_distance": "Shot Distance"}
    message = diff.message("new.csv")
    assert "lacks 2 needed column(s): shot_distance (is it 'Shot Distance'?), lon." in message
    assert "Rename or add" in message


def test_extra_columns_are_fine() -> None:
    assert compare_columns(["a", "b"], ["a"]).fits
    require_columns(["a", "b", "b"], ["a"], "x")


def test_many_extras_are_cut_short() -> None:
    message = compare_columns([f"c{i}" for i in range(50)], ["a"]).message("x")
    assert "c11 …" in message
    assert "c12" not in message


def test_a_needed_column_twice() -> None:
    with pytest.raises(SchemaError, match="'a' more than once"):
        require_columns(["a", "b", "a"], ["a"], "x")


def test_doubled_columns_of_a_frame(spec: ProjectSpec, frame: pd.DataFrame) -> None:
    doubled = pd.concat([frame, frame[["age"]]], axis=1)
    with pytest.raises(SchemaError, match="'age' more than once"):
        coerce(doubled, spec, "x")


def test_a_table_that_fits(spec: ProjectSpec, frame: pd.DataFrame) -> None:
    before = frame.copy(deep=True)
    coerced = coerce(frame, spec, "x")
    assert coerced.usable.all()
    assert list(coerced.values.columns) == list(spec.raw_columns)
    assert coerced.values["age"].dtype == coerced.values["insured"].dtype == np.float64
    pd.testing.assert_frame_equal(frame, before)


def test_rows_say_why_they_cannot_be_used(spec: ProjectSpec) -> None:
    frame = pd.DataFrame(
        {
            "age": ["31", "old", None, " ", "1e999"],
            "insured": ["yes", "perhaps", "no", "1", "0"],
            "city": ["Wien", "Oz", None, "", "Linz"],
        },
        index=[7, 7, 9, 3, 0],
    )
    coerced = coerce(frame, spec, "x")
    assert coerced.reasons.tolist() == [
        "",
        "age: not a finite number; insured: not a yes/no value",
        "age: missing; city: missing",
        "age: missing; city: missing",
        "age: not a finite number",
    ]
    assert coerced.usable.tolist() == [True, False, False, False, False]
    assert coerced.values.index.tolist() == [7, 7, 9, 3, 0]


def test_unknown_categories_are_no_fault(spec: ProjectSpec, frame: pd.DataFrame) -> None:
    assert coerce(frame.assign(city="Atlantis"), spec, "x").usable.all()


@pytest.mark.parametrize(
    ("column", "value", "example"),
    [
        ("age", "thirty", "'thirty'"),
        ("age", pd.Timestamp("2020-01-01"), "2020-01-01"),
        ("age", np.inf, "inf"),
        ("insured", "perhaps", "'perhaps'"),
        ("insured", 2, "'2'"),
    ],
)
def test_a_column_of_the_wrong_type(
    spec: ProjectSpec, frame: pd.DataFrame, column: str, value: object, example: str
) -> None:
    with pytest.raises(SchemaError, match=f"new.csv has {column!r} where") as caught:
        coerce(frame.assign(**{column: value}), spec, "new.csv")
    assert example in str(caught.value)


def test_all_wrong_columns_at_once(spec: ProjectSpec, frame: pd.DataFrame) -> None:
    with pytest.raises(SchemaError) as caught:
        coerce(frame.assign(age="x", insured="q"), spec, "x")
    assert "'age'" in str(caught.value)
    assert "'insured'" in str(caught.value)


@pytest.mark.parametrize("value", [[1], {"a": 1}, b"\xff"])
def test_nested_and_binary_columns(spec: ProjectSpec, frame: pd.DataFrame, value: object) -> None:
    with pytest.raises(SchemaError, match="'age' where finite numbers belong"):
        coerce(frame.assign(age=pd.Series([value] * len(frame))), spec, "x")


def spec_for(positive: str) -> ProjectSpec:
    return specs.from_text(
        f"target: {{column: y, positive: {positive}}}\ncolumns: {{a: numeric}}", "p"
    )


@pytest.mark.parametrize(
    ("positive", "values", "expected"),
    [
        ("1", [1, 0], [1, 0]),
        ("1", [1.0, None], [1, np.nan]),
        ("1", ["1", "0"], [1, 0]),
        ("1", [True, False], [1, 0]),
        ("0", [True, False], [0, 1]),
        ("true", [True, False], [1, 0]),
        ("true", ["true", "false"], [1, 0]),
        ("true", [1, 0], [1, 0]),
        ("false", ["true", "false"], [0, 1]),
        ("sold", ["sold", "kept", None, ""], [1, 0, np.nan, np.nan]),
        ("sold", ["kept", "kept"], [0, 0]),
        ("2", [2, 1], [1, 0]),
        ("1", [None, None], [np.nan, np.nan]),
    ],
)
def test_labels(positive: str, values: list[object], expected: list[float]) -> None:
    read = read_labels(pd.Series(values), spec_for(positive), "x")
    np.testing.assert_array_equal(read, np.array(expected, dtype=float))


@pytest.mark.parametrize("values", [[0, 1, 2], ["a", "b"], ["Sold", "kept"]])
def test_labels_that_do_not_fit(values: list[object]) -> None:
    with pytest.raises(SchemaError, match=r"two labels, one of them 'sold'.*target\.positive"):
        read_labels(pd.Series(values), spec_for("sold"), "x")
