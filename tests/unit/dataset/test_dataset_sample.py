"""The synthetic shooter tells the reference's story, the same way every time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.dataset import io, sample
from core.dataset import spec as specs
from core.dataset.prepare import prepare
from core.dataset.validate import coerce
from core.settings import REPOSITORY


@pytest.fixture(scope="module")
def tables() -> tuple[pd.DataFrame, pd.DataFrame]:
    return sample.generate()


def test_the_same_seed_gives_the_same_bytes(
    tmp_path: Path, tables: tuple[pd.DataFrame, pd.DataFrame]
) -> None:
    again = sample.generate()
    for name, one, other in zip(("dev", "prod"), tables, again, strict=True):
        for suffix in io.SUFFIXES:
            io.write_table(one, tmp_path / f"{name}1{suffix}")
            io.write_table(other, tmp_path / f"{name}2{suffix}")
            first = (tmp_path / f"{name}1{suffix}").read_bytes()
            assert first == (tmp_path / f"{name}2{suffix}").read_bytes()
    assert not sample.generate(seed=1)[0].equals(tables[0])


def test_development_is_two_point_shots_and_production_three(
    tables: tuple[pd.DataFrame, pd.DataFrame],
) -> None:
    dev, prod = tables
    assert set(dev["shot_type"]) == {"2PT Field Goal"}
    assert set(prod["shot_type"]) == {"3PT Field Goal"}
    assert dev["shot_distance"].max() < prod["shot_distance"].min()


def test_it_has_what_real_exports_have(tables: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    for table in tables:
        assert table.duplicated().sum() > 0
        assert 0.1 < table["shot_made_flag"].isna().mean() < 0.25
        assert table["game_date"].is_monotonic_increasing
    dev, prod = tables
    assert not set(dev["shot_id"]) & set(prod["shot_id"])
    assert dev["shot_made_flag"].mean() > prod["shot_made_flag"].mean() + 0.05


def test_it_fits_the_specification_that_ships(tables: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    spec = specs.load(REPOSITORY / "data" / "sample" / "project.yaml")
    dev, prod = tables
    prepared = prepare(dev, spec)
    assert prepared.rows_incomplete == 0
    assert prepared.rows_duplicated == round(sample.DEV_ROWS * 0.01)
    assert coerce(prod, spec, "prod").usable.all()


def test_places_and_distances_agree(tables: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    for table in tables:
        feet = np.hypot(table["loc_x"], table["loc_y"]) / 10
        np.testing.assert_array_equal(np.floor(feet), table["shot_distance"])
        np.testing.assert_allclose(table["lat"], 34.0443 - table["loc_y"] / 1000, atol=6e-5)
        np.testing.assert_allclose(table["lon"], table["loc_x"] / 1000 - 118.2698, atol=6e-5)
