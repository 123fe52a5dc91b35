"""Versions on production's labelled rows, slices between two, and the terminal's commands."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.cli.main import main
from core.errors import NotReady
from core.evaluation.metrics import binary_metrics
from core.scoring.log import open_log
from core.services import comparison, promotion
from core.tracking import registry


@pytest.fixture
def trained(club: Any) -> Any:
    club.train(club.prepare())
    return club


def put_in_log(club: Any, rows: int, times: int = 1) -> None:
    frame = club.test.iloc[:rows]
    raw = frame[["age", "visits"]]
    for _ in range(times):
        open_log(club.settings, club.spec).append(
            raw,
            probability=np.full(rows, 0.5),
            prediction=np.zeros(rows, dtype=int),
            label=frame["left"].to_numpy(float),
            source="batch",
            model_version="1",
        )


def test_production_is_scored_again_by_each_and_every_row_counts_once(trained: Any) -> None:
    put_in_log(trained, 120, times=2)
    versions = registry.versions(trained.settings, "club")
    found = comparison.on_production(trained.settings, "club", versions)
    different = len(trained.test.iloc[:120].drop_duplicates())
    assert found.rows == different
    sharp = found.bench.of("1")
    assert sharp is not None and found.champion == "1"
    plain = binary_metrics(found.bench.y, sharp.probability, 0.5)
    assert found.sides["1"].metrics["log_loss"].value == pytest.approx(plain.log_loss)
    assert set(found.sides["2"].differences) == set(comparison.METRICS)


def test_too_few_labels_say_what_to_do(trained: Any) -> None:
    put_in_log(trained, 10)
    with pytest.raises(NotReady, match=r"30 are needed\. Give labels on the Monitor page"):
        comparison.on_production(
            trained.settings, "club", registry.versions(trained.settings, "club")
        )


def test_slices_between_champion_and_challenger(trained: Any) -> None:
    found = comparison.measured(
        trained.settings, "club", registry.versions(trained.settings, "club")
    )
    spots = comparison.weak_spots(trained.settings, "club", found, "2", "log loss")
    assert spots and all(spot.share >= 0.05 for spot in spots)
    assert {column for spot in spots for column in spot.columns} == {"age", "visits"}
    assert comparison.weak_spots(trained.settings, "club", found, "9", "calibration") == []


def test_compare_names_who_is_better_and_by_how_much(trained: Any) -> None:
    told = comparison.compare(trained.settings, "club", record=False)
    (candidate,) = told["candidates"]
    assert (candidate["judgement"], told["rows"], told["not_compared"]) == ("worse", 400, {})
    assert candidate["verdict"].startswith("worse by ")
    interval = told["champion"]["intervals"]["roc_auc"]
    assert interval["low"] < told["champion"]["test"]["roc_auc"] < interval["high"]
    json.dumps(told, allow_nan=False)


def call(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, Any, str]:
    code = main([*arguments, "--project", "club", "--json"])
    captured = capsys.readouterr()
    return code, json.loads(captured.out) if captured.out else None, captured.err


def test_the_terminal_promotes_without_a_reason(
    trained: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    code, told, said = call(capsys, "promote", "--version", "2")
    assert (code, told["alias"], told["version"], told["previous"]) == (0, "champion", "2", "1")
    assert "The gate is not passed" in said
    code, told, said = call(capsys, "promote", "--version", "1", "--reason", "back")
    assert (code, told["warning"]) == (0, None)
    assert [entry.reason for entry in promotion.log(trained.settings, "club")] == [
        "back",
        "gate failed, no reason given",
    ]


def test_the_terminal_writes_a_card_and_refuses_what_it_cannot_reproduce(
    trained: Any, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    code, told, _ = call(capsys, "card", "--version", "2", "--out", str(tmp_path))
    assert code == 0 and (tmp_path / "model_card_v2.html").is_file() and told["version"] == "2"
    trained.prepare(split_seed=99)
    code, told, said = call(capsys, "reproduce", "--version", "2")
    assert (code, told) == (2, None)
    assert "seed of the split: 7 then, 99 now" in said
