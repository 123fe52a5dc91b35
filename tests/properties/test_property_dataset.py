"""Promises of the data room over inputs nobody thought of."""

from __future__ import annotations

import contextlib
import math

import hypothesis.strategies as st
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings

from core.dataset import sample
from core.dataset import spec as specs
from core.dataset.expression import Expression, ExpressionError
from core.dataset.prepare import prepare
from core.dataset.validate import coerce, compare_columns
from core.errors import SchemaError, SpecError
from core.files import atomic_path, write_bytes

QUICK = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])

SPEC = specs.from_text(
    "target: {column: y, positive: 1}\n"
    "columns: {a: numeric, b: boolean, c: categorical}\n"
    "derived: {d: a * 2 - b}\n"
    "rows: {drop_duplicates: false}",
    "p",
)

CELLS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.text(max_size=8),
    st.binary(max_size=4),
    st.decimals(allow_nan=False),  # no file can hold a signalling one
    st.datetimes(),
    st.dates(),
    st.timedeltas(),
    st.complex_numbers(),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=2), st.integers(), max_size=2),
)


@st.composite
def columns(draw: st.DrawFn, rows: int) -> pd.Series:
    """One column: mixed cells, or cells of one kind in the type that pandas gives them."""
    kinds = [CELLS, st.floats(), st.booleans(), st.text(max_size=5), st.integers(-9, 9)]
    values = draw(st.lists(draw(st.sampled_from(kinds)), min_size=rows, max_size=rows))
    column = pd.Series(values, dtype=object)
    return column.infer_objects() if draw(st.booleans()) else column


@st.composite
def frames(draw: st.DrawFn) -> pd.DataFrame:
    rows = draw(st.integers(0, 6))
    names = draw(st.permutations(["a", "b", "c", "extra"]))
    kept = names[: draw(st.integers(3, 4))]
    return pd.DataFrame({name: draw(columns(rows)) for name in kept})


@QUICK
@given(frames())
def test_any_table_is_read_or_refused_in_a_sentence(frame: pd.DataFrame) -> None:
    before = frame.copy(deep=True)
    try:
        coerced = coerce(frame, SPEC, "x")
    except SchemaError as exc:
        assert str(exc).startswith("x ")
        return
    assert list(coerced.values.columns) == ["a", "b", "c"]
    assert len(coerced.values) == len(coerced.reasons) == len(frame)
    assert not np.isinf(coerced.values["a"].to_numpy()).any()
    usable = coerced.values[coerced.usable]
    assert usable.notna().all().all()
    assert usable["b"].isin([0.0, 1.0]).all()
    assert list(frame.columns) == list(before.columns)


# Halves: most steps are exact, so that Python and numpy cannot differ by rounding alone.
NUMBERS = st.integers(-16, 16).map(lambda halves: halves / 2)


def arithmetic() -> st.SearchStrategy[str]:
    """Expressions of the grammar, as text that Python reads the same way."""
    leaves = NUMBERS.map(lambda v: f"({v})") | st.sampled_from(["x", "y", "z"])

    def grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        return st.one_of(
            st.tuples(inner, st.sampled_from("+-*/"), inner).map(" ".join),
            st.tuples(inner, st.integers(0, 2)).map(lambda t: f"({t[0]}) ** {t[1]}"),
            inner.map(lambda text: f"-{text}"),
            inner.map(lambda text: f"({text})"),
            inner.map(lambda text: f"abs({text})"),
            st.tuples(inner, inner).map(lambda t: f"hypot({t[0]}, {t[1]})"),
        )

    return st.recursive(leaves, grown, max_leaves=8).filter(lambda text: len(text) <= 500)


@QUICK
@given(arithmetic(), NUMBERS, NUMBERS, NUMBERS)
def test_expressions_mean_what_python_means(text: str, x: float, y: float, z: float) -> None:
    names = {"x": x, "y": y, "z": z}
    value = Expression(text).evaluate({name: np.array([v, 0.5]) for name, v in names.items()})
    assert value.shape == (2,)
    try:
        expected = eval(text, {"abs": abs, "hypot": math.hypot, "__builtins__": {}}, names)  # noqa: S307
    except (ZeroDivisionError, OverflowError):
        assert np.isnan(value[0])
        return
    np.testing.assert_allclose(value[0], expected, rtol=1e-9, atol=1e-6)


@QUICK
@given(st.text(max_size=40) | st.text("xy+-*/()`.,_[]{}:=19 '", max_size=40))
def test_any_text_is_an_expression_or_refused(text: str) -> None:
    with contextlib.suppress(ExpressionError):
        expression = Expression(text)
        columns = {name: np.array([1.0, -2.0]) for name in expression.columns}
        assert expression.evaluate(columns).dtype == np.float64


@QUICK
@given(
    st.text(max_size=60)
    | st.dictionaries(
        st.sampled_from(["target", "columns", "derived", "features", "split", "training", "rows"]),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(st.text(max_size=6), inner, max_size=3)
            ),
            max_leaves=6,
        ),
    ).map(repr)
)
def test_any_text_is_a_specification_or_refused(text: str) -> None:
    with contextlib.suppress(SpecError):
        assert specs.from_text(text, "p").columns


@QUICK
@given(
    st.integers(20, 120),
    st.floats(0.15, 0.6),
    st.integers(0, 2**31 - 1),
    st.floats(0.3, 0.7),
)
def test_the_split_is_disjoint_and_covers(
    rows: int, share: float, seed: int, positives: float
) -> None:
    count = max(10, min(rows - 10, round(rows * positives)))
    frame = pd.DataFrame(
        {"a": np.arange(rows), "b": True, "c": "x", "y": (np.arange(rows) < count).astype(int)}
    )
    prepared = prepare(frame, SPEC, share, seed)
    train, test = set(prepared.train.index), set(prepared.test.index)
    assert not train & test
    assert train | test == set(range(rows))
    assert len(prepared.test) == math.ceil(rows * share)
    # Stratified: the classes' shares differ by less than a row's worth in each part.
    for part in (prepared.train, prepared.test):
        assert abs(part["y"].mean() - count / rows) <= 1.0 / len(part)


@QUICK
@given(
    st.floats(0, 80),
    st.floats(0.01, 20),
    st.floats(0, math.pi),
    st.floats(0, 11),
    st.booleans(),
)
def test_the_chance_falls_with_distance(
    feet: float, further: float, angle: float, minutes: float, playoffs: bool
) -> None:
    near, far = sample.make_probability(
        np.array([feet, feet + further]),
        np.full(2, angle),
        np.full(2, minutes),
        np.full(2, float(playoffs)),
    )
    assert 0 < far < near < 1


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 2**32))
def test_the_sample_is_its_seed(seed: int) -> None:
    for one, other in zip(sample.generate(seed), sample.generate(seed), strict=True):
        pd.testing.assert_frame_equal(one, other)


@QUICK
@given(st.lists(st.text(max_size=6)), st.lists(st.text(max_size=6), unique=True))
def test_a_column_diff_accounts_for_every_name(found: list[str], needed: list[str]) -> None:
    diff = compare_columns(found, needed)
    assert set(diff.missing) == set(needed) - set(found)
    assert set(diff.extra) == set(found) - set(needed)
    assert diff.fits == (set(needed) <= set(found))
    for missing, other in diff.renames:
        assert missing in diff.missing
        assert other in diff.extra


@settings(max_examples=25, deadline=None)
@given(st.binary(max_size=200), st.binary(max_size=200))
def test_a_write_that_raises_leaves_the_old_file(
    tmp_path_factory: pytest.TempPathFactory, old: bytes, half: bytes
) -> None:
    target = tmp_path_factory.mktemp("atomic") / "a.bin"
    write_bytes(target, old)

    def fail() -> None:
        with atomic_path(target) as temporary:
            temporary.write_bytes(half)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert target.read_bytes() == old
    assert list(target.parent.iterdir()) == [target]
