"""Versions on rows that none was trained on; those that cannot be measured are told."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from core.dataset import io
from core.errors import NotReady
from core.evidence import bench
from core.evidence.holdouts import common_rows, row_keys
from core.evidence.origins import origins, present_split
from core.services import comparison
from core.tracking import registry, runs, store


@pytest.fixture
def trained(club: Any) -> Any:
    club.train(club.prepare())
    return club


def move_split(club: Any, keep: int) -> pd.DataFrame:
    """Prepare anew: ``keep`` of the old holdout rows stay held out, the rest are others."""
    fresh = club.test.iloc[keep:].assign(age=lambda rows: rows["age"] + 0.5)
    moved = pd.concat([club.test.iloc[:keep], fresh], ignore_index=True)
    club.prepare(split_seed=8)
    path = club.settings.layer("club", "05_model_input") / "base_test.parquet"
    io.write_table(moved, path)
    return moved


def test_one_split_is_one_holdout(trained: Any) -> None:
    versions = registry.versions(trained.settings, "club")
    rows = common_rows(trained.settings, trained.spec, versions)
    assert (len(rows.table), set(rows.fair), dict(rows.unfair), rows.note) == (
        400,
        {"1", "2"},
        {},
        "",
    )
    present = present_split(trained.settings, "club")
    found = origins(trained.settings, "club", versions)
    assert {one.agrees(present) for one in found.values()} == {"same"}
    trained.prepare()
    assert found["1"].agrees(present_split(trained.settings, "club")) == "same", "same split again"
    trained.prepare(test_size=0.3)
    assert found["1"].agrees(present_split(trained.settings, "club")) == "other"


def test_another_split_is_compared_on_the_rows_in_common(trained: Any) -> None:
    move_split(trained, 250)
    versions = registry.versions(trained.settings, "club")
    rows = common_rows(trained.settings, trained.spec, versions)
    held_out = set(row_keys(trained.test, trained.spec).tolist())
    assert set(row_keys(rows.table, trained.spec).tolist()) <= held_out
    assert 200 <= len(rows.table) <= 260 and set(rows.fair) == {"1", "2"}
    assert f"compared on the {len(rows.table)} of 400 holdout rows" in rows.note


def test_too_few_rows_in_common_say_so(trained: Any) -> None:
    move_split(trained, 20)
    versions = registry.versions(trained.settings, "club")
    rows = common_rows(trained.settings, trained.spec, versions)
    assert rows.fair == () and len(rows.table) == 400
    assert "held out from all; 100 with 30 of each class are needed" in rows.unfair["1"]
    found = bench.measure(trained.settings, trained.spec, versions)
    assert found.measured == () and set(found.absent) == {"1", "2"}


def test_a_run_that_is_gone_leaves_a_reason(trained: Any) -> None:
    version = registry.find(trained.settings, "club", "2")
    store.client(trained.settings).delete_run(version.run_id)
    versions = registry.versions(trained.settings, "club")
    assert next(v for v in versions if v.version == "2").metrics == {}
    assert origins(trained.settings, "club", versions)["2"].run is None
    found = comparison.measured(trained.settings, "club", versions)
    assert set(found.sides) == {"1", "2"}, "its holdout rows are still among the artifacts"


def test_models_that_do_not_answer_are_told(trained: Any) -> None:
    class Foreign:
        def __init__(self, answer: Any) -> None:
            self.answer = answer

        def predict_proba(self, frame: pd.DataFrame) -> Any:
            return self.answer(frame)

    def raises(frame: pd.DataFrame) -> Any:
        raise ValueError("X has 2 features, but expects 5")

    versions = registry.versions(trained.settings, "club")
    answers = {
        "does not score this project's rows (ValueError: X has 2": raises,
        "gave an array of shape (400,)": lambda frame: np.zeros(len(frame)),
        "outside 0 to 1": lambda frame: np.full((len(frame), 2), 7.0),
    }
    for words, answer in answers.items():
        trained.models["2"] = Foreign(answer)
        found = bench.measure(trained.settings, trained.spec, versions)
        assert [one.version.version for one in found.measured] == ["1"]
        assert words in found.absent["2"] and found.broken == ("2",)
    compared = comparison.compare(trained.settings, "club", record=False)
    assert compared["candidates"] == [] and "2" in compared["not_compared"]


def test_an_archived_experiment_leaves_the_versions_listed(trained: Any) -> None:
    client = store.client(trained.settings)
    client.delete_experiment(store.experiment_id(trained.settings, "club"))
    versions = registry.versions(trained.settings, "club")
    assert {v.version for v in versions} == {"1", "2"}
    found = origins(trained.settings, "club", versions)
    assert all(one.agrees({"test_size": 0.2}) == "unknown" for one in found.values())


def test_nothing_prepared(club: Any) -> None:
    with pytest.raises(NotReady, match="prepare the data first"):
        common_rows(club.settings, club.spec, [])


def test_mlflow_is_asked_as_often_for_many_as_for_two(
    trained: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    search = runs.search
    monkeypatch.setattr(runs, "search", lambda *a, **k: asked.append(1) or search(*a, **k))
    monkeypatch.setattr(runs, "get", lambda *a, **k: pytest.fail("asked for one run"))
    counts = []
    for _ in range(2):
        asked.clear()
        comparison.measured(trained.settings, "club", registry.versions(trained.settings, "club"))
        counts.append(len(asked))
        trained.train(trained.prepare(), champion=False)
    assert counts[0] == counts[1] <= 4
