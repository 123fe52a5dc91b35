"""Slices: definitions that hold on other rows, sums that are the rows' own."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from core.dataset.slices import Condition, Slice, cut, find_conditions

KINDS = {"age": "numeric", "home": "boolean", "zone": "categorical"}


def table(rows: int = 400, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "age": rng.normal(40, 12, rows).round(),
            "home": rng.random(rows) < 0.3,
            "zone": rng.choice(["left", "right", "rare"], rows, p=[0.6, 0.38, 0.02]),
        }
    )
    frame.loc[: rows // 10, "age"] = np.nan
    return frame


def test_conditions_cover_each_column_once() -> None:
    frame = table()
    found = find_conditions(frame, KINDS)
    ages = [c for c in found if c.column == "age"]
    assert np.sum([c.mask(frame) for c in ages], axis=0).tolist() == [1] * len(frame)
    assert [c.words for c in found if c.column == "home"] == ["home is true", "home is false"]
    assert [c.words for c in found if c.column == "zone"] == ["zone is left", "zone is right"]
    assert ages[-1].words == "age missing"
    assert ages[0].words.startswith("age below ") and ages[3].words.endswith(" or more")


def test_a_definition_holds_on_other_rows() -> None:
    age = next(c for c in find_conditions(table(), KINDS) if c.column == "age")
    other = table(seed=5).assign(age=lambda found: found["age"] + 100)
    assert age.mask(table(seed=5)).any()
    assert not age.mask(other).any()


def test_sums_are_those_of_the_masks() -> None:
    frame = table()
    values = np.random.default_rng(1).normal(size=len(frame))
    found = cut(frame, find_conditions(frame, KINDS))
    assert len({one.words for one in found.slices}) == len(found) > 15
    for place, one in enumerate(found.slices):
        mask = one.mask(frame)
        assert np.array_equal(mask, found.mask(place))
        assert found.rows[place] == mask.sum() >= 0.05 * len(frame)
        assert found.sums(values)[place] == pytest.approx(values[mask].sum(), abs=1e-9)
        columns = [condition.column for condition in one.conditions]
        assert len(set(columns)) == len(columns) <= 2


def test_no_pair_says_what_one_of_its_parts_says() -> None:
    frame = pd.DataFrame({"a": ["x", "y"] * 50, "b": ["x", "y"] * 50})
    found = cut(frame, find_conditions(frame, {"a": "categorical", "b": "categorical"}))
    assert [one.words for one in found.slices] == ["a is x", "a is y", "b is x", "b is y"]
    assert len(cut(frame, [], pairs=True)) == 0


def test_ranges_of_few_values_do_not_overlap() -> None:
    frame = pd.DataFrame({"period": [1.0, 2.0, 3.0, 4.0] * 25})
    found = find_conditions(frame, {"period": "numeric"})
    assert np.sum([c.mask(frame) for c in found], axis=0).tolist() == [1] * 100
    constant = find_conditions(frame.assign(period=1.0), {"period": "numeric"})
    assert constant == ()


def test_words_of_pairs_and_no_rows() -> None:
    both = Slice(
        (Condition("age", "numeric", low=20, high=35), Condition("zone", "categorical", "x"))
    )
    assert both.words == "age from 20 to 35 and zone is x"
    assert find_conditions(table(0), KINDS) == ()


@pytest.mark.parametrize("options", [{"minimum_share": 0}, {"minimum_share": 5}, {"quantiles": 1}])
def test_refused(options: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="found"):
        find_conditions(table(), KINDS, **options)
