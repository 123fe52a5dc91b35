"""Rows that one of the versions learnt from are no evidence, on no page and in no gate."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from core.dataset.retrain import folder_below
from core.errors import NotReady
from core.evidence.holdouts import row_keys
from core.evidence.learnt import learnt_among, recent_rows, unlearnt_rows
from core.evidence.origins import origins
from core.scoring.log import open_log
from core.services import comparison, promotion
from core.tracking import registry, runs, store


@pytest.fixture
def production(club: Any) -> pd.DataFrame:
    """300 rows like those of the club, none of them and each another."""
    rows = club.test.iloc[:300]
    return rows.assign(age=rows["age"] + 0.125 + np.arange(300) / 1e4)


@pytest.fixture
def retrained(club: Any, production: pd.DataFrame) -> Any:
    """v1 and v2 of a first training; v3 and v4 learnt from the older half of production."""
    club.train(club.prepare())
    club.retrain(production.iloc[:150], production.iloc[150:])
    return club


def put_in_log(club: Any, rows: pd.DataFrame) -> None:
    open_log(club.settings, club.spec).append(
        rows[["age", "visits"]],
        probability=np.full(len(rows), 0.5),
        prediction=np.zeros(len(rows), dtype=int),
        label=rows["left"].to_numpy(float),
        source="batch",
        model_version="1",
    )


def pair(club: Any, *numbers: str) -> list[Any]:
    known = {one.version: one for one in registry.versions(club.settings, "club")}
    return [known[number] for number in numbers]


def keys(club: Any, rows: pd.DataFrame) -> set[int]:
    return set(row_keys(rows, club.spec).tolist())


def test_rows_that_a_retraining_learnt_from_are_counted(retrained: Any, production: Any) -> None:
    plain, renewed = pair(retrained, "1", "3")
    where = retrained.settings, retrained.spec
    assert learnt_among(*where, plain, production, 10_000) == 0, "it learnt from no production"
    with pytest.raises(NotReady):
        learnt_among(*where, renewed, production, 10_000)  # its record does not say how many
    prepared = origins(retrained.settings, "club", [renewed])["3"].preparation
    assert prepared is not None
    runs.RunLog(retrained.settings, prepared.run_id).metrics({"added_rows": 150.0})
    assert learnt_among(*where, renewed, production, 10_000) == 150
    assert learnt_among(*where, renewed, production.iloc[100:], 10_000) == 50
    unlabelled = production.assign(left=production["left"].where(production.index < 20))
    assert learnt_among(*where, renewed, unlabelled, 10_000) == 20
    with pytest.raises(NotReady, match="too many"):
        learnt_among(*where, renewed, production, 100)


def test_a_retraining_is_judged_on_what_it_held_back(retrained: Any, production: Any) -> None:
    rows = recent_rows(retrained.settings, retrained.spec, pair(retrained, "1", "3"))
    assert rows is not None and rows.fair == ("1", "3")
    assert keys(retrained, rows.table) == keys(retrained, production.iloc[150:])
    assert rows.note.startswith("150 production rows from 2026-05-01 on, the newest with ")


def test_without_a_retraining_production_does_not_judge(retrained: Any) -> None:
    both = pair(retrained, "1", "2")
    assert recent_rows(retrained.settings, retrained.spec, both) is None
    assert comparison.on_recent(retrained.settings, "club", both) is None


def test_rows_equal_to_learnt_ones_are_left_out_and_counted(club: Any, production: Any) -> None:
    club.train(club.prepare())
    club.retrain(production.iloc[:150], production.iloc[100:])  # 50 stand on both sides
    rows = recent_rows(club.settings, club.spec, pair(club, "1", "3"))
    assert rows is not None
    learnt = keys(club, production.iloc[:150])
    assert not keys(club, rows.table) & learnt
    assert len(rows.table) == 150 and " 50 more are left out: one of the versions" in rows.note


def test_a_second_retraining_is_not_judged_on_what_the_first_learnt(
    retrained: Any, production: Any
) -> None:
    retrained.retrain(production.iloc[150:200], production.iloc[:150])
    rows = recent_rows(retrained.settings, retrained.spec, pair(retrained, "3", "5"))
    assert rows is not None
    assert rows.fair == ("5",), "v3 learnt from every one of these"
    assert "0 are left (0 positive); 10 of each class are needed" in rows.unfair["3"]


def test_the_view_of_production_counts_no_learnt_row(retrained: Any, production: Any) -> None:
    put_in_log(retrained, production)
    found = comparison.on_production(retrained.settings, "club", pair(retrained, "1", "3"))
    shown = found.bench.raw.assign(left=found.bench.y)
    assert set(found.sides) == {"1", "3"} and found.rows > 0
    assert not keys(retrained, shown) & keys(retrained, production.iloc[:150])
    assert "more are left out: one of the versions learnt from" in found.bench.note
    alone = comparison.on_production(retrained.settings, "club", pair(retrained, "1", "2"))
    assert alone.rows > found.rows, "those two learnt from none of them"


def test_who_nobody_knows_is_set_aside(retrained: Any, production: Any) -> None:
    known = origins(retrained.settings, "club", pair(retrained, "1"))
    preparation = known["1"].preparation
    assert preparation is not None
    store.client(retrained.settings).delete_run(preparation.run_id)
    versions = pair(retrained, "1", "3")
    rows = unlearnt_rows(retrained.settings, retrained.spec, versions, production)
    assert rows.fair == ("3",)
    assert "Nobody can tell which rows it learnt from" in rows.unfair["1"]


def test_another_split_of_the_same_file_counts_all_its_rows_as_learnt(
    retrained: Any, production: Any
) -> None:
    retrained.prepare(split_seed=8)
    mixed = pd.concat([retrained.test.iloc[:40], production], ignore_index=True)
    rows = unlearnt_rows(retrained.settings, retrained.spec, pair(retrained, "1"), mixed)
    assert keys(retrained, rows.table) == keys(retrained, production)
    retrained.prepare(source_sha256="another")
    rows = unlearnt_rows(retrained.settings, retrained.spec, pair(retrained, "1"), mixed)
    assert "trained on a file that has been replaced" in rows.unfair["1"]


def test_tables_that_are_gone_are_told_and_the_holdout_judges(retrained: Any) -> None:
    prepared = origins(retrained.settings, "club", pair(retrained, "3"))["3"].preparation
    assert prepared is not None
    layer = retrained.settings.layer("club", "05_model_input")
    (folder_below(layer, prepared.run_id) / "base_test.parquet").unlink()
    found = comparison.on_recent(retrained.settings, "club", pair(retrained, "1", "3"))
    assert found is not None and found.rows == 0 and not found.sides
    gate = promotion.gate(retrained.settings, "club", "3")
    assert (gate.rows, gate.where) == (400, "holdout rows")
    told = {item.name: item for item in gate.items}["Production"]
    assert not told.counts and "the tables of its training were removed" in told.found


def test_the_gate_judges_a_retraining_on_production(retrained: Any) -> None:
    gate = promotion.gate(retrained.settings, "club", "4")
    items = {item.name: item for item in gate.items}
    assert (gate.rows, gate.where) == (
        150,
        "newest production rows that neither version learnt from",
    )
    assert not items["ROC AUC"].passed and "150 rows" not in items["Old holdout"].found
    assert items["Old holdout"].found.startswith("ROC AUC: worse by ")
    assert not items["Old holdout"].counts and items["Old holdout"] not in gate.failures
    # The way back is judged on the same rows: v1 against a retrained champion.
    registry.set_alias(retrained.settings, "club", "champion", "3")
    assert promotion.gate(retrained.settings, "club", "1").rows == 150


def test_the_record_of_a_comparison_holds_production_too(retrained: Any) -> None:
    result = comparison.compare(retrained.settings, "club", ["3"], record=False)
    assert (result["rows"], result["recent"]["rows"]) == (400, 150)
    assert result["recent"]["champion"]["version"] == "1"
    assert [one["version"] for one in result["recent"]["candidates"]] == ["3"]
    assert comparison.compare(retrained.settings, "club", ["2"], record=False)["recent"] is None


def test_calling_nearly_all_alike_fails_the_gate_and_is_told(retrained: Any) -> None:
    class Eager:
        """As good at ranking as the champion, and never below its threshold."""

        def predict_proba(self, frame: pd.DataFrame) -> np.ndarray:
            positive = 0.51 + 0.4 / (1 + np.exp(frame["visits"].to_numpy(float) - 10))
            return np.column_stack([1 - positive, positive])

    retrained.models["3"] = Eager()
    items = {item.name: item for item in promotion.gate(retrained.settings, "club", "3").items}
    assert not items["Decisions"].passed
    assert "v3 calls all of the 150 rows left at its threshold 0.5" in items["Decisions"].found
    assert "what calling every row left gives" in items["Decisions"].found
    assert "“Best Youden's J” or “Cheapest errors”" in items["Decisions"].found
    found = comparison.on_recent(retrained.settings, "club", pair(retrained, "1", "3"))
    assert found is not None and set(found.one_sided) == {"3"}
    result = promotion.promote(retrained.settings, "club", "3")
    assert "Decisions: v3 calls all of the 150 rows" in result["warning"], "told, but not refused"
