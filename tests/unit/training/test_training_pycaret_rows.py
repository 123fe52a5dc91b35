"""The rows that PyCaret fits are the rows that it was given, each with its own label."""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from core.dataset import spec as specs
from core.training.plan import make_plan

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("share", [1.0, 0.7])
def test_every_fitted_row_is_found_by_its_place(share: float) -> None:
    rng = np.random.default_rng(0)
    given = pd.DataFrame(rng.normal(size=(500, 2)), columns=["a", "b"]).astype("float32")
    # An index that is no row's place: what is found must not depend on it.
    given.index = pd.Index(rng.permutation(5000)[:500])
    target = pd.Series((given["a"] > 0).astype(int), name="y")
    spec = specs.from_text("target: {column: y, positive: 1}\ncolumns: {a: numeric}", "shop")
    plan = replace(make_plan(spec, ["lr"]), fit_share=share)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from core.training.pycaret_adapter import Experiment

        experiment = Experiment(given, target, plan, 1)
        places, x, y = experiment.fitted
    assert len(places) == len(x) == len(y) == experiment.fit_rows == round(share * 500)
    assert len(set(places)) == len(places)
    np.testing.assert_array_equal(given.iloc[places][["a", "b"]].to_numpy(), x.to_numpy())
    np.testing.assert_array_equal(target.iloc[places].to_numpy(), np.asarray(y).astype(int))
