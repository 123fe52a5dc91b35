"""Clean, derive, split: counts add up, nothing is lost, and too little is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.dataset import io
from core.dataset import spec as specs
from core.dataset.prepare import derive, prepare
from core.dataset.spec import ProjectSpec
from core.dataset.validate import coerce, read_labels
from core.errors import BadInput, SchemaError
from core.settings import REPOSITORY


def test_a_clean_table(spec: ProjectSpec, frame: pd.DataFrame) -> None:
    prepared = prepare(frame, spec)
    assert (prepared.rows_duplicated, prepared.rows_unlabelled, prepared.rows_incomplete) == (
        0,
    ) * 3
    assert (len(prepared.train), len(prepared.test)) == (150, 50)
    assert list(prepared.features.columns) == ["age", "insured", "city", "decades", "left"]
    np.testing.assert_allclose(prepared.features["decades"], frame["age"] / 10)
    assert prepared.train["left"].dtype == np.int64
    assert abs(prepared.train["left"].mean() - prepared.test["left"].mean()) < 0.02


def test_every_row_is_counted_once(spec: ProjectSpec, frame: pd.DataFrame) -> None:
    raw = pd.concat([frame, frame.iloc[[5]]], ignore_index=True)
    raw["left"] = raw["left"].astype(float)
    raw.loc[[0, 1], "left"] = np.nan
    raw.loc[[1, 2, 3], "age"] = np.nan
    raw.loc[4, "city"] = None
    before = raw.copy(deep=True)
    prepared = prepare(raw, spec)
    counted = (prepared.rows_duplicated, prepared.rows_unlabelled, prepared.rows_incomplete)
    assert counted == (1, 2, 3)
    assert prepared.rows_raw == sum(counted) + len(prepared.features) == 201
    assert sorted([*prepared.train.index, *prepared.test.index]) == list(prepared.primary.index)
    assert not {0, 1, 2, 3, 4, 200} & set(prepared.primary.index)
    pd.testing.assert_frame_equal(raw, before)


def test_repeats_stay_where_the_project_wants_them(spec: ProjectSpec, frame: pd.DataFrame) -> None:
    raw = pd.concat([frame, frame], ignore_index=True)
    assert prepare(raw, replace(spec, drop_duplicates=False)).rows_duplicated == 0
    assert prepare(raw, spec).rows_duplicated == 200


def test_gaps_stay_where_the_project_allows_them(spec: ProjectSpec, frame: pd.DataFrame) -> None:
    raw = frame.assign(age=frame["age"].mask(frame.index < 50))
    prepared = prepare(raw, replace(spec, drop_missing=("left",)))
    assert prepared.features["age"].isna().sum() == prepared.features["decades"].isna().sum() == 50


def test_split_follows_its_seed_and_share(spec: ProjectSpec, frame: pd.DataFrame) -> None:
    one, same, other = (prepare(frame, spec, 0.4, seed) for seed in (1, 1, 2))
    pd.testing.assert_frame_equal(one.test, same.test)
    assert list(one.test.index) != list(other.test.index)
    assert len(one.test) == 80


def test_nested_extra_columns_do_not_matter(spec: ProjectSpec, frame: pd.DataFrame) -> None:
    nested = frame.assign(basket=[[i % 3] for i in range(len(frame))], more=[{"a": 1}] * len(frame))
    repeated = pd.concat([nested, nested.iloc[[0]]], ignore_index=True)
    assert prepare(repeated, spec).rows_duplicated == 1


@pytest.mark.parametrize("share", [0.0, 1.0, 5, -0.1, float("nan")])
def test_impossible_shares(spec: ProjectSpec, frame: pd.DataFrame, share: float) -> None:
    with pytest.raises(BadInput, match="test share must lie between"):
        prepare(frame, spec, share)


@pytest.mark.parametrize("seed", [-1, 2**31])
def test_impossible_seeds(spec: ProjectSpec, frame: pd.DataFrame, seed: int) -> None:
    with pytest.raises(BadInput, match="seed is a whole number"):
        prepare(frame, spec, None, seed)


def test_a_share_too_small_for_both_classes(spec: ProjectSpec, frame: pd.DataFrame) -> None:
    with pytest.raises(BadInput, match="too few for a test share"):
        prepare(frame[:60], spec, 0.01)
    with pytest.raises(BadInput, match="single class"):
        prepare(frame[:60], replace(spec, stratify=False), 0.01)


def test_no_label_at_all(spec: ProjectSpec, frame: pd.DataFrame) -> None:
    with pytest.raises(BadInput, match="every row lacks a label in 'left'"):
        prepare(frame.assign(left=np.nan), spec)


@pytest.mark.parametrize("label", [0, 1])
def test_only_one_class(spec: ProjectSpec, frame: pd.DataFrame, label: int) -> None:
    with pytest.raises(BadInput, match=r"at least 10 rows of each class; found (0|200) left"):
        prepare(frame.assign(left=label), spec)


def test_target_absent(spec: ProjectSpec, frame: pd.DataFrame) -> None:
    with pytest.raises(SchemaError, match=r"left \(is it 'Left'\?\)"):
        prepare(frame.rename(columns={"left": "Left"}), spec)


def test_a_few_unreadable_values_are_a_fault_of_the_file(
    spec: ProjectSpec, frame: pd.DataFrame
) -> None:
    raw = frame.astype({"age": object})
    raw.loc[[3, 4], "age"] = "unknown"
    with pytest.raises(SchemaError, match=r"2 row\(s\) with values of the wrong type \(age: not"):
        prepare(raw, spec)


def test_derived_features_build_on_one_another() -> None:
    spec = specs.from_text(
        "target: {column: y, positive: 1}\ncolumns: {a: numeric, b: boolean}\n"
        "derived: {c: a + b, d: c * 2, e: log(a - 5)}",
        "p",
    )
    table = derive(coerce(pd.DataFrame({"a": [1, 6], "b": [True, False]}), spec, "x").values, spec)
    assert table["d"].tolist() == [4.0, 12.0]
    assert np.isnan(table["e"][0])
    assert table["e"][1] == 0.0


def test_the_reference_data_prepare_to_the_reference_figures(shared_data: Path) -> None:
    expected = json.loads((shared_data / "reference" / "kobe_expected.json").read_text())
    expected = expected["preparation"]
    spec = specs.load(REPOSITORY / "data" / "kobe" / "project.yaml")
    folder = shared_data / "data" / "kobe"
    prepared = prepare(io.read_table(folder / spec.dev_file), spec)
    prod = io.read_table(folder / spec.prod_file)
    labels = read_labels(prod["shot_made_flag"], spec, "prod")
    assert {
        "dev_rows_raw": prepared.rows_raw,
        "dev_rows_prepared": len(prepared.features),
        "columns_prepared": len(prepared.features.columns),
        "train_rows": len(prepared.train),
        "test_rows": len(prepared.test),
        "positive_rate_train": prepared.train["shot_made_flag"].mean(),
        "positive_rate_test": prepared.test["shot_made_flag"].mean(),
        "prod_rows_raw": len(prod),
        "prod_rows_labelled": int((~np.isnan(labels)).sum()),
        "positive_rate_prod": np.nanmean(labels),
        "split": {
            "test_size": spec.test_size,
            "random_state": spec.split_seed,
            "stratify": spec.target.column,
        },
        "features": list(spec.features),
        "derived": dict(spec.derived),
    } == expected
    assert spec.stratify
