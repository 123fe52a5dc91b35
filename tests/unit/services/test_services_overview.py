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
