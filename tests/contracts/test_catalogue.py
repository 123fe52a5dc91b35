"""The catalogue is PyCaret's own list: ids, names, weights and probabilities."""

from __future__ import annotations

import inspect
import warnings
from typing import Any

import pytest

from core.training.catalogue import CATALOGUE

# A model that learns nothing is no choice.
_LEFT_OUT = {"dummy"}


@pytest.fixture(scope="module")
def offered() -> Any:
    import pandas as pd
    from sklearn.datasets import make_classification

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pycaret.classification import ClassificationExperiment

        x, y = make_classification(200, 4, random_state=1)
        experiment = ClassificationExperiment()
        experiment.setup(
            data=pd.DataFrame(x, columns=list("abcd")).assign(y=y),
            target="y",
            preprocess=False,
            n_jobs=1,
            html=False,
            verbose=False,
            system_log=False,
        )
        table = experiment.models(internal=True)
    return table[~table["Special"]]


def test_every_id_and_name(offered: Any) -> None:
    names = {one: name for one, name in offered["Name"].items() if one not in _LEFT_OUT}
    known = {one.id: one.title for one in CATALOGUE.values()}
    assert names.items() <= known.items()
    absent = set(known) - set(names)
    assert absent == {one.id for one in CATALOGUE.values() if one.why_not is not None}


def test_probabilities_and_weights(offered: Any) -> None:
    for algorithm, row in offered.iterrows():
        if algorithm in _LEFT_OUT:
            continue
        known, kind = CATALOGUE[algorithm], row["Class"]
        made = kind(**row["Args"])
        assert hasattr(made, "predict_proba") == known.probabilistic, algorithm
        takes = inspect.signature(kind).parameters
        assert all(name in takes for name, _ in known.balanced), algorithm
        assert ("class_weight" in takes) == known.takes_class_weights, algorithm


def test_every_library_outside_scikit_learn_is_named(offered: Any) -> None:
    for algorithm, row in offered.iterrows():
        home = row["Class"].__module__.split(".")[0]
        if home != "sklearn":
            assert CATALOGUE[algorithm].package == home
