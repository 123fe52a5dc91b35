"""Raw columns to numbers: one definition, stable under gaps, unknown text and column order."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from core.dataset import shipped_code
from core.dataset import spec as specs
from core.dataset.features import RawFeatures, encoded_name
from core.training.pipeline import assemble, feature_steps, probability_of

SPEC = specs.from_text(
    "target: {column: y, positive: 1}\n"
    "columns: {age: numeric, member: boolean, city: categorical}\n"
    "derived: {decades: age / 10}",
    "shop",
)
RAW = pd.DataFrame(
    {
        "age": [20.0, 30.0, 40.0, np.nan] * 10,
        "member": ["yes", "no", "yes", "no"] * 10,
        "city": ["Wien", "Linz", "St. Pölten", None] * 10,
    }
)
LABELS = np.array([1, 0, 1, 0] * 10)


def fitted() -> object:
    steps = feature_steps(SPEC)
    return assemble(steps, LogisticRegression().fit(steps.fit_transform(RAW), LABELS))


def test_features_of_each_kind() -> None:
    table = feature_steps(SPEC).fit_transform(RAW)
    assert list(table.columns[:3]) == ["age", "member", "decades"]
    assert len(table.columns) == 3 + 4
    assert "city_Wien" in table.columns
    assert table.notna().all().all()
    assert table["age"][3] == 30.0
    assert table["member"].tolist()[:2] == [1.0, 0.0]


def test_numbers_alone_pass_unchanged_in_the_order_of_the_features() -> None:
    spec = specs.from_text(
        "target: {column: y, positive: 1}\ncolumns: {b: numeric, a: numeric}\n"
        "derived: {c: a - b}\nfeatures: [c, a, b]",
        "shop",
    )
    raw = pd.DataFrame({"a": [1.5, 2.5], "b": [3.0, 4.0]}, index=[5, 9])
    table = feature_steps(spec).fit_transform(raw)
    assert list(table.columns) == ["c", "a", "b"]
    assert table.index.tolist() == [5, 9]
    np.testing.assert_array_equal(table["c"], np.float32([-1.5, -1.5]))


def test_unknown_text_is_all_zeros() -> None:
    steps = feature_steps(SPEC).fit(RAW)
    table = steps.transform(RAW.head(1).assign(city="Atlantis"))
    assert table.filter(like="city_").to_numpy().sum() == 0


def test_column_order_and_extras_do_not_matter_and_the_input_stays() -> None:
    pipeline = fitted()
    shuffled = RAW.assign(extra="x")[["city", "extra", "member", "age"]]
    before = shuffled.copy(deep=True)
    np.testing.assert_array_equal(probability_of(pipeline, shuffled), probability_of(pipeline, RAW))
    pd.testing.assert_frame_equal(shuffled, before)


def test_types_of_the_file_do_not_matter() -> None:
    pipeline = fitted()
    typed = RAW.assign(
        age=RAW["age"].astype("string"),
        member=RAW["member"].eq("yes"),
        city=RAW["city"].astype("category"),
    )
    np.testing.assert_array_equal(probability_of(pipeline, typed), probability_of(pipeline, RAW))


def test_an_absent_column_is_named() -> None:
    with pytest.raises(ValueError, match="missing: city"):
        fitted().predict_proba(RAW.drop(columns="city"))


def test_encoded_names_are_plain_and_unique() -> None:
    names = {encoded_name("c", text) for text in ("a b", "a-b", "a_b", "ä", "ö", "")}
    assert len(names) == 6
    assert all(name.replace("_", "").isascii() for name in names)
    assert all(name.replace("_", "").isalnum() for name in names)


def test_shipped_code_imports_nothing_of_the_project() -> None:
    for path in shipped_code.FILES:
        assert "core." not in path.read_text(encoding="utf-8")
    with pytest.raises((ImportError, FileNotFoundError)):
        shipped_code.load("courtside_nothing")
    assert "courtside_nothing" not in sys.modules


def test_a_model_works_without_courtside(tmp_path: Path) -> None:
    joblib.dump(fitted(), tmp_path / "model.joblib")
    for path in shipped_code.FILES:
        (tmp_path / path.name).write_bytes(path.read_bytes())
    RAW.to_pickle(tmp_path / "raw.pkl")
    script = (
        "import joblib, pandas as pd, sys\n"
        "model = joblib.load('model.joblib')\n"
        "p = model.predict_proba(pd.read_pickle('raw.pkl'))[:, 1]\n"
        "assert not any(name.split('.')[0] == 'core' for name in sys.modules)\n"
        "print(*p)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    found = np.array(done.stdout.split(), dtype=float)
    np.testing.assert_allclose(found, probability_of(fitted(), RAW))


def test_raw_features_is_a_good_estimator() -> None:
    raw = RawFeatures(kinds={"a": "numeric"}, derived={}, features=["a"])
    assert raw.get_params() == {"kinds": {"a": "numeric"}, "derived": {}, "features": ["a"]}
    assert list(raw.get_feature_names_out()) == ["a"]
