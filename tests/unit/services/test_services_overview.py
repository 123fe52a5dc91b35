"""Where a project stands: after an alarm, the way back goes on with what has been done since."""

from __future__ import annotations

from typing import Any

import pytest

from core.services import overview
from core.tracking import runs


def act(club: Any, action: str, **tags: str) -> None:
    with runs.action(club.settings, "club", action, tags=tags):
        pass


def way_back(club: Any) -> str | None:
    return overview.standing(club.settings, "club").way_back


def test_an_alarm_asks_for_retraining_then_comparison_then_scoring(club: Any) -> None:
    club.train(club.prepare())
    assert way_back(club) is None, "nothing has been checked"
    act(club, "monitor", level="ok")
    assert way_back(club) is None
    act(club, "monitor", level="alarm")
    assert way_back(club) == "retrain"
    act(club, "promote", kind="register")
    assert way_back(club) == "compare", "a new version is no new champion"
    act(club, "train", purpose="retrain")
    assert way_back(club) == "compare"
    act(club, "promote")
    assert way_back(club) == "score"
    act(club, "monitor", level="alarm")
    assert way_back(club) == "retrain", "a new alarm starts anew"


def test_a_training_that_failed_leads_nowhere(club: Any) -> None:
    club.train(club.prepare())
    act(club, "monitor", level="alarm")
    with pytest.raises(RuntimeError), runs.action(club.settings, "club", "train"):
        raise RuntimeError("out of memory")
    assert way_back(club) == "retrain"


@pytest.mark.parametrize(
    ("action", "words"),
    [
        ("prepare", "put production rows together with the old"),
        ("train", "retrained on production rows"),
    ],
)
def test_a_retraining_is_named(club: Any, action: str, words: str) -> None:
    act(club, action, purpose="retrain")
    (last,) = overview.standing(club.settings, "club").recent
    assert overview.describe(last) == words


def test_what_was_trained_again_is_named_and_is_no_candidate(club: Any) -> None:
    club.train(club.prepare())
    act(club, "monitor", level="alarm")
    act(club, "train", reproduces="1")
    assert way_back(club) == "retrain", "nothing new to compare with"
    last, *_ = overview.standing(club.settings, "club").recent
    assert overview.describe(last) == "trained v1 again (a reproduction)"


def test_a_registration_is_not_told_as_a_promotion(club: Any) -> None:
    tags = {"kind": "register", "version": "3"}
    with runs.action(club.settings, "club", "promote", "register", {"run": "run-1"}, tags):
        pass
    (last,) = overview.standing(club.settings, "club").recent
    assert overview.describe(last) == "registered run-1 as v3"


def test_a_challenger_has_not_taken_over(club: Any) -> None:
    club.train(club.prepare())
    act(club, "monitor", level="alarm")
    with runs.action(club.settings, "club", "promote", params={"alias": "challenger"}):
        pass
    assert way_back(club) == "retrain"
