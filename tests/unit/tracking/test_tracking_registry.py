"""Versions of a model and the aliases that say which one is in charge."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from core.errors import BadInput, NotReady, TrackingError
from core.settings import Settings
from core.tracking import registry, runs


def register(settings: Settings, algorithm: str, auc: float) -> str:
    with runs.action(settings, "shop", "train", params={"C": 3}) as log:
        log.metrics({"test_roc_auc": auc})
        log.text("model", "model/model.skops")
    tags = {"algorithm": algorithm, "title": algorithm.upper(), "threshold": "0.4"}
    return registry.register(settings, "shop", f"runs:/{log.run_id}/model", log.run_id, tags)


def test_before_any_training(workspace: Settings) -> None:
    assert registry.versions(workspace, "shop") == []
    assert registry.champion(workspace, "shop") is None
    with pytest.raises(NotReady, match="no trained model yet; train one first"):
        registry.find(workspace, "shop")


def test_versions_come_newest_first_with_their_figures(workspace: Settings) -> None:
    numbers = [register(workspace, name, auc) for name, auc in (("lr", 0.6), ("dt", 0.5))]
    assert numbers == ["1", "2"]
    newest, first = registry.versions(workspace, "shop")
    assert (newest.version, newest.algorithm, newest.label) == ("2", "dt", "v2 DT")
    assert (first.metrics, first.params) == ({"test_roc_auc": 0.6}, {"C": "3"})
    assert (first.threshold, first.aliases, first.is_champion) == (0.4, (), False)


def test_aliases_move(workspace: Settings) -> None:
    for name in ("lr", "dt"):
        register(workspace, name, 0.6)
    assert registry.set_alias(workspace, "shop", "champion", "1") is None
    assert registry.set_alias(workspace, "shop", "champion", "2") == "1"
    assert registry.set_alias(workspace, "shop", "challenger", "1") is None
    assert registry.champion(workspace, "shop").version == "2"
    assert registry.find(workspace, "shop").version == "2"
    for which in ("challenger", "1", "v1"):
        assert registry.find(workspace, "shop", which).version == "1"


def test_wrong_names(workspace: Settings) -> None:
    register(workspace, "lr", 0.6)
    with pytest.raises(BadInput, match=r"no version '7'; choose one of v1"):
        registry.find(workspace, "shop", "7")
    with pytest.raises(BadInput, match="An alias is one of champion, challenger"):
        registry.set_alias(workspace, "shop", "king", "1")
    with pytest.raises(TrackingError, match="could not move the alias"):
        registry.set_alias(workspace, "shop", "champion", "7")
    assert registry.champion(workspace, "shop") is None


def test_promotions_at_once_leave_one_champion(workspace: Settings) -> None:
    for _ in range(3):
        register(workspace, "lr", 0.6)
    with ThreadPoolExecutor(3) as pool:
        moves = list(
            pool.map(lambda v: registry.set_alias(workspace, "shop", "champion", v), "123")
        )
    # Each move saw the one before it: the chain of predecessors holds no version twice.
    assert len(set(moves)) == 3
    assert sum(v.is_champion for v in registry.versions(workspace, "shop")) == 1


def test_an_alias_is_only_taken_from_the_version_that_has_it(workspace: Settings) -> None:
    for _ in range(2):
        register(workspace, "lr", 0.6)
    registry.set_alias(workspace, "shop", "challenger", "2")
    assert not registry.remove_alias(workspace, "shop", "challenger", "1")
    assert registry.find(workspace, "shop", "challenger").version == "2"
    assert registry.remove_alias(workspace, "shop", "challenger", "2")
    assert not registry.remove_alias(workspace, "shop", "challenger", "2"), "it is gone"
    assert all(not one.aliases for one in registry.versions(workspace, "shop"))


def test_the_champions_alias_comes_first(workspace: Settings) -> None:
    register(workspace, "lr", 0.6)
    for alias in registry.ALIASES:
        registry.set_alias(workspace, "shop", alias, "1")
    (one,) = registry.versions(workspace, "shop")
    assert one.aliases == ("champion", "challenger")
    assert registry.find(workspace, "shop").training == one.run_id, "it was trained alone"
