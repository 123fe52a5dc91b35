"""Whatever is logged comes back as it was."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pandas.testing import assert_series_equal

from core.inference_log import InferenceLog, neutralise_formulas, records, verify

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8) | st.sampled_from(
    ["", "007", "=1+1", '"', '""', ",", "\n", "\r\n", "\ufeff", "\0", "NA", "nan", "true", " a "]
)
INTEGERS = st.integers(-(2**63), 2**63 - 1)


def round_trip(columns: dict[str, pd.Series], kinds: dict[str, str], block: int) -> pd.DataFrame:
    frame = pd.DataFrame(columns)
    scores = np.linspace(0, 1, len(frame))
    with TemporaryDirectory() as folder:
        log = InferenceLog(Path(folder) / "inference_log.csv", list(columns), kinds)
        log.append(
            frame, probability=scores, prediction=scores > 0.5, source="cli", model_version=""
        )
        whole = records.BLOCK_BYTES
        records.BLOCK_BYTES = block
        try:
            back, _ = log.read_from()
        finally:
            records.BLOCK_BYTES = whole
        assert verify(log.path) == []
    np.testing.assert_array_equal(back["probability"], scores)
    assert set(back["model_version"]) == {""}
    return back


@settings(max_examples=40, deadline=None)
@example([("a", 1.5, 1)], ["0", "\r", ","], 7)
@given(
    rows=st.lists(
        st.tuples(TEXT | st.none(), st.floats(width=64), INTEGERS), min_size=1, max_size=9
    ),
    names=st.lists(TEXT.filter(bool), min_size=3, max_size=3, unique=True),
    block=st.sampled_from([7, 64, 1 << 20]),
)
def test_text_floats_and_integers_round_trip(rows, names, block):
    text, floats, integers = (list(column) for column in zip(*rows, strict=True))
    a, b, c = names
    kinds = {a: "categorical", b: "numeric", c: "numeric"}
    given_columns = {
        a: pd.Series(text, dtype=object),
        b: pd.Series(floats, dtype=np.float64),
        c: pd.Series(integers, dtype=np.int64),
    }
    back = round_trip(given_columns, kinds, block)
    assert list(back[a]) == text
    np.testing.assert_array_equal(
        np.signbit(back[b])[~np.isnan(floats)], np.signbit(floats)[~np.isnan(floats)]
    )
    np.testing.assert_array_equal(back[b].to_numpy(), np.array(floats))
    assert list(back[c]) == integers and back[c].dtype == np.int64


def test_floats_at_the_edge_keep_every_bit():
    values = [-0.0, 0.0, 5e-324, -2.2250738585072014e-308, 1.7976931348623157e308, 0.1, 1e22, 1.0]
    values += [float("inf"), float("-inf"), 2.0**53 + 2, 1e16, 123456789012345680.0, 1e-7]
    back = round_trip({"x": pd.Series(values)}, {"x": "numeric"}, 1 << 20)
    assert back["x"].to_numpy().tobytes() == np.array(values).tobytes()


def test_kinds_of_columns_read_back_as_documented():
    columns = {
        "wide": pd.Series([2**64 - 1, 0, 1], dtype=np.uint64),
        "holes": pd.Series([2**62 + 1, None, 1], dtype="Int64"),
        "few": pd.Series([5, None, 1], dtype="Int64"),
        "flag": pd.Series([True, False, True]),
        "maybe": pd.Series([True, None, False], dtype="boolean"),
        "bits": pd.Series([1.0, np.nan, 0.0]),
        "code": pd.Series(["007", "08", "9"], dtype="category"),
        "half": pd.Series([0.1, 0.2, np.nan], dtype=np.float32),
        "nothing": pd.Series([None, None, None], dtype=object),
        "mixed": pd.Series(["a", 1, 2.5], dtype=object),
        "guess": pd.Series(["1", "2", "3"]),
        "words": pd.Series(["1", "two", None]),
    }
    kinds = dict.fromkeys(["wide", "holes", "few", "half"], "numeric")
    kinds |= dict.fromkeys(["flag", "maybe", "bits"], "boolean") | {"code": "categorical"}
    back = round_trip(columns, kinds, 1 << 20)
    for name in ("wide", "holes", "flag", "maybe", "words"):
        assert_series_equal(back[name], columns[name], check_names=False)
    assert_series_equal(back["bits"], columns["maybe"], check_names=False)
    assert back["few"].fillna(-1).tolist() == [5.0, -1.0, 1.0]
    assert back["code"].tolist() == ["007", "08", "9"]
    assert_series_equal(back["half"], columns["half"].astype(float), check_names=False)
    assert back["nothing"].isna().all()
    assert back["mixed"].tolist() == ["a", "1", "2.5"]
    assert back["guess"].tolist() == [1, 2, 3]


def test_own_columns_have_their_types(log, add):
    add(log, label=np.array([1.0, np.nan, 0.0]))
    types = log.read_from()[0].dtypes.astype(str)
    assert types["logged_at"] == "datetime64[ns, UTC]"
    assert types["prediction"] == "int8"
    assert types["probability"] == types["label"] == "float64"


def test_formulas_are_neutralised_in_a_copy_only():
    frame = pd.DataFrame(
        {"t": ["=1", "+a", "-b", "@c", "\td", "\re", "f=", None], "n": range(-4, 4), "=h": "x"}
    )
    frame["c"] = pd.Categorical(["=1"] * 8)
    before = frame.copy(deep=True)
    safe = neutralise_formulas(frame)
    assert safe["t"].tolist() == ["'=1", "'+a", "'-b", "'@c", "'\td", "'\re", "f=", None]
    assert safe["c"].tolist() == ["'=1"] * 8
    assert list(safe.columns) == ["t", "n", "'=h", "c"]
    assert safe["n"].tolist() == list(range(-4, 4))
    pd.testing.assert_frame_equal(frame, before)
