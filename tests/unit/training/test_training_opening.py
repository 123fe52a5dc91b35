"""The parent run, opened beside the fits: there in the end, once, whatever MLflow does."""

from __future__ import annotations

import sys
import threading
from dataclasses import replace
from typing import Any

import pytest

from core.errors import TrackingError
from core.settings import Settings
from core.tracking import runs
from core.tracking.runs import RunLog
from core.tracking.store import client
from core.training import run_record
from core.training.imports import without
from core.training.run_record import Opening, resume_run


@pytest.fixture
def record(workshop: Any) -> run_record.RunRecord:
    made: run_record.RunRecord = replace(workshop.record, tags={"job_id": "job-1"})
    return made


def found(settings: Settings) -> list[tuple[str, str]]:
    return [(run.run_id, run.status) for run in runs.search(settings, "club")]


def refuse(times: int, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """MLflow cannot be reached so many times where it is asked by ``name``."""
    real, left = getattr(RunLog, name), [times]

    def asked(self: RunLog, *arguments: Any) -> None:
        if left[0]:
            left[0] -= 1
            raise TrackingError("MLflow could not be reached: no answer.")
        real(self, *arguments)

    monkeypatch.setattr(RunLog, name, asked)


def test_it_is_opened_beside(workshop: Any, record: run_record.RunRecord) -> None:
    threads: list[str] = []
    opening = Opening(
        workshop.settings, record, lambda run: threads.append(threading.current_thread().name)
    )
    assert found(workshop.settings) == []
    opening.begin()
    run = opening.run()
    assert opening.run() is run
    assert threads == ["open the run"]
    assert found(workshop.settings) == [(run.run_id, "RUNNING")]
    opening.close("cancelled")
    assert found(workshop.settings) == [(run.run_id, "KILLED")]


def test_it_is_asked_again_and_made_once(
    workshop: Any, record: run_record.RunRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse(1, monkeypatch, "json")
    opened: list[str] = []
    opening = Opening(workshop.settings, record, lambda run: opened.append(run.run_id))
    opening.begin()
    run = opening.run()
    assert opened == [run.run_id]
    assert found(workshop.settings) == [(run.run_id, "RUNNING")]
    names = {item.path for item in client(workshop.settings).list_artifacts(run.run_id)}
    assert names == {"plan.json", "specification"}
    assert runs.get(workshop.settings, run.run_id).params == {"seed": "1"}


def test_where_it_stays_away_whoever_needs_it_is_told(
    workshop: Any, record: run_record.RunRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse(2, monkeypatch, "json")
    opening = Opening(workshop.settings, record, lambda run: None)
    opening.begin()
    with pytest.raises(TrackingError, match="no answer"):
        opening.run()
    assert opening.run().run_id == found(workshop.settings)[0][0]


@pytest.mark.parametrize(("state", "statuses"), [("failed", ["FAILED"]), ("cancelled", [])])
def test_what_ends_before_it_was_opened(
    workshop: Any, record: run_record.RunRecord, state: str, statuses: list[str]
) -> None:
    Opening(workshop.settings, record, lambda run: None).close(state)
    assert [status for _, status in found(workshop.settings)] == statuses


def test_a_retry_of_what_never_had_a_run_opens_one_of_its_own(
    workshop: Any, record: run_record.RunRecord
) -> None:
    run = resume_run(workshop.settings, record, None, "job-2")
    assert runs.get(workshop.settings, run.run_id).tags["job_id"] == "job-2"


def test_libraries_are_hidden_only_within() -> None:
    for name in ("json", "antigravity"):
        held = sys.modules.get(name)
        with without(name):
            assert sys.modules[name] is held
        assert sys.modules.get(name) is held
        assert (name in sys.modules) == (held is not None)
