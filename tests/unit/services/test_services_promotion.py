"""Promotion on the record: the gate, the reason, the move that only one can make."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from core.dataset import spec as specs
from core.errors import BadInput, SpecError
from core.files import write_text
from core.services import comparison, promotion
from core.tracking import registry, runs


@pytest.fixture
def trained(club: Any) -> Any:
    club.train(club.prepare())
    return club


def test_the_gate_tells_every_item_with_its_figure(trained: Any) -> None:
    gate = promotion.gate(trained.settings, "club", "2")
    items = {item.name: item for item in gate.items}
    assert not gate.passed
    assert (gate.version, gate.champion, gate.rows) == ("2", "1", 400)
    assert items["ROC AUC"].found.startswith("worse by ") and not items["ROC AUC"].passed
    assert items["Worst slice"].found.endswith(" rows")
    assert items["Calibration"].found.startswith("expected calibration error 0.")
    assert items["Latency"].passed and items["Latency"].found.endswith(" µs a row")
    assert items["Load-back proof"].passed
    assert "after loading back" in items["Load-back proof"].found
    own = promotion.gate(trained.settings, "club", "1")
    assert {i.name: i.found for i in own.items}["ROC AUC"] == "it is the champion itself"


def test_another_model_than_the_measured_fails_the_proof(trained: Any) -> None:
    trained.models["2"] = trained.models["1"]
    items = {i.name: i for i in promotion.gate(trained.settings, "club", "2").items}
    assert not items["Load-back proof"].passed


def test_a_retrained_version_is_not_held_to_figures_of_its_other_holdout(club: Any) -> None:
    before = club.prepare()
    club.train(before)
    holdout, club.test = club.test, club.test.iloc[: len(club.test) // 2]
    result = club.train(club.prepare(renews_run_id=before), champion=False)
    club.test = holdout
    club.prepare()
    gate = promotion.gate(club.settings, "club", result["best"]["version"])
    items = {item.name: item for item in gate.items}
    assert gate.rows == len(holdout)
    assert items["Load-back proof"].passed
    assert items["Load-back proof"].found == "proven at its training, on another holdout"
    versions = comparison.versions(club.settings, "club")
    assert not comparison.same_holdout(club.settings, "club", versions)
    firsts = [one for one in versions if one.version in ("1", "2")]
    assert comparison.same_holdout(club.settings, "club", firsts)


def test_the_projects_own_limits(trained: Any) -> None:
    limits = "promotion: {metrics: [], slice_log_loss: 9, calibration_error: 0.9, load_back: false}"
    path = trained.settings.spec_file("club")
    write_text(path, path.read_text(encoding="utf-8") + limits)
    gate = promotion.gate(trained.settings, "club", "2")
    assert gate.passed
    names = [item.name for item in gate.items]
    assert names == ["Worst slice", "Decisions", "Calibration", "Latency"]
    write_text(path, path.read_text(encoding="utf-8").replace("slice_log_loss", "slices"))
    with pytest.raises(SpecError, match=r"promotion\.slices is not a known key"):
        specs.load(path)


def test_the_terminal_promotes_with_a_warning_on_record(trained: Any) -> None:
    result = promotion.promote(trained.settings, "club", "2")
    assert (result["version"], result["previous"], result["alias"]) == ("2", "1", "champion")
    assert result["warning"].startswith("The gate is not passed (ROC AUC: worse by ")
    (entry,) = promotion.log(trained.settings, "club")
    assert (entry.reason, entry.gate) == ("gate failed, no reason given", "failed")
    assert entry.who
    stored = runs.artifact_json(trained.settings, entry.run_id, "gate.json")
    assert stored["passed"] is False and stored["champion"] == "1"


def test_an_enforced_gate_needs_a_reason(trained: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    path = trained.settings.spec_file("club")
    write_text(
        path,
        path.read_text(encoding="utf-8") + "promotion: {enforce: true, calibration_error: 0.5}\n",
    )
    with pytest.raises(BadInput, match=r"Give a reason \(--reason\)"):
        promotion.promote(trained.settings, "club", "2")
    assert registry.champion(trained.settings, "club").version == "1"
    monkeypatch.setenv("COURTSIDE_USER", "Ada")
    promotion.promote(trained.settings, "club", "2", reason="  smaller\nand faster ")
    entry = promotion.log(trained.settings, "club")[0]
    assert (entry.who, entry.reason, entry.previous) == ("Ada", "smaller and faster", "1")
    assert promotion.promote(trained.settings, "club", "1")["warning"] is None, "it passes"


def test_without_a_holdout_the_gate_is_not_measured(trained: Any) -> None:
    (trained.settings.layer("club", "05_model_input") / "base_test.parquet").unlink()
    result = promotion.promote(trained.settings, "club", "2")
    assert result["gate"] is None
    assert "could not be measured" in result["warning"]
    assert promotion.log(trained.settings, "club")[0].gate == "not measured"


def test_of_many_who_saw_the_same_champion_one_wins(trained: Any) -> None:
    def move(version: str) -> str:
        try:
            promotion.promote(trained.settings, "club", version, reason="mine", seen="1")
        except BadInput as exc:
            return str(exc)
        return "moved"

    registry.set_alias(trained.settings, "club", "challenger", "2")
    with ThreadPoolExecutor(3) as pool:
        said = list(pool.map(move, ["2", "2", "2"]))
    assert said.count("moved") == 1
    assert sum("Somebody else moved the alias meanwhile" in one for one in said) == 2
    assert len(promotion.log(trained.settings, "club")) == 1


def test_rolling_back(trained: Any) -> None:
    with pytest.raises(BadInput, match="no earlier champion"):
        promotion.roll_back(trained.settings, "club", "1")
    promotion.promote(trained.settings, "club", "2", reason="a try")
    with pytest.raises(BadInput, match="Somebody else"):
        promotion.roll_back(trained.settings, "club", "1")
    promotion.roll_back(trained.settings, "club", "2")
    assert registry.champion(trained.settings, "club").version == "1"
    assert promotion.log(trained.settings, "club")[0].reason == "rolled back from v2"


def test_a_challenger_that_becomes_champion_is_challenger_no_more(trained: Any) -> None:
    def aliases() -> dict[str, tuple[str, ...]]:
        return {v.version: v.aliases for v in registry.versions(trained.settings, "club")}

    registry.set_alias(trained.settings, "club", "challenger", "2")
    result = promotion.promote(trained.settings, "club", "2", reason="better on production")
    assert result["given_up"] == "challenger"
    assert aliases() == {"1": (), "2": ("champion",)}
    (entry,) = promotion.log(trained.settings, "club")
    assert runs.get(trained.settings, entry.run_id).params["given_up"] == "challenger"
    back = promotion.roll_back(trained.settings, "club", "2")
    assert (back["version"], back["given_up"]) == ("1", None)
    assert aliases() == {"1": ("champion",), "2": ()}
    marked = promotion.promote(trained.settings, "club", "2", "challenger", reason="next")
    assert marked["given_up"] is None
    promotion.promote(trained.settings, "club", "1", reason="itself")
    assert aliases()["2"] == ("challenger",), "another's alias is left alone"


def test_a_version_that_cannot_be_loaded_fails_with_the_reason(trained: Any) -> None:
    del trained.models["2"]
    gate = promotion.gate(trained.settings, "club", "2")
    (item,) = gate.failures
    assert item.name == "Loads and scores"
    assert "does not score this project's rows (KeyError" in item.found
    with pytest.raises(BadInput, match="v2 Decision Tree Classifier cannot be promoted"):
        promotion.promote(trained.settings, "club", "2", reason="whatever it costs")
    assert registry.champion(trained.settings, "club").version == "1"


def test_wrong_names(trained: Any) -> None:
    with pytest.raises(BadInput, match="An alias is one of"):
        promotion.promote(trained.settings, "club", "2", alias="king")
    with pytest.raises(BadInput, match="no version '9'"):
        promotion.promote(trained.settings, "club", "9")
