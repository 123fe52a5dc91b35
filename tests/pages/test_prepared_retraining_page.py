"""A prepared retraining on Monitor and on Home: its figures, its reason, and one press."""

from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from core.dataset.spec import ModelPlan
from core.files import write_text
from core.services import alerts, retraining, training
from core.services.retraining import PreparedRetraining
from core.services.training import Forecast, TrainingPlan
from core.settings import REPOSITORY
from core.tracking import runs

MADE = PreparedRetraining(
    prepared_id="abc",
    made_at="2026-01-05T10:00:00+00:00",
    source=None,
    alarms=("drift:distance",),
    plan=TrainingPlan("hoops", (ModelPlan("lr", 14),), 5, "AUC", 1, 1.0).to_json(),
    fits=70,
    learnt_share=0.5,
    train_rows=16_000,
    added_rows=3_213,
    recent_rows=3_213,
    old_test_rows=4_000,
    aside_rows=12,
    learnt_until="2007-11-04",
    judged_from="2007-11-06",
)


@pytest.fixture
def alarmed(hoops):
    """Rows far from training, and a policy that prepares a retraining."""
    with runs.action(hoops.settings, "hoops", "train"):
        pass
    hoops.log(200, further=40, labelled=True)
    alerts.change_policy(hoops.settings, "hoops", {"action": "prepare_retraining"})
    return hoops


def open_page(page=None):
    at = AppTest.from_file(str(REPOSITORY / "Home.py"), default_timeout=60)
    at.query_params["project"] = "hoops"
    if page:
        at.switch_page(page)
    at.run()
    assert not at.exception
    return at


def said(at):
    parts = [at.markdown, at.caption, at.error, at.warning]
    return "\n".join(element.value for part in parts for element in part).replace("\\", "")


def test_a_recorded_alarm_prepares_and_says_why_it_cannot(alarmed, monkeypatch):
    at = open_page("pages/5_Drift_monitoring.py")
    assert "cannot be prepared" not in said(at)
    assert retraining.kept_preparation(alarmed.settings, "hoops") is None
    at.button(key="monitor-record").click().run()
    assert not at.exception
    kept = retraining.kept_preparation(alarmed.settings, "hoops")
    assert "no prepared data yet" in kept.reason
    assert "called for, but cannot be prepared yet" in said(at)
    assert "no prepared data yet" in said(at)


@pytest.mark.parametrize("press", [False, True])
def test_monitor_shows_its_figures_and_starts_on_a_press_only(alarmed, monkeypatch, press):
    started = []
    monkeypatch.setattr(retraining, "preparation", lambda *_: MADE)
    monkeypatch.setattr(training, "forecast", lambda *_: Forecast(119.0, 119.0))
    monkeypatch.setattr(retraining, "start_prepared", lambda *given: started.append(given[1:]))
    at = open_page("pages/5_Drift_monitoring.py")
    assert "Retraining is prepared: start it." in said(at)
    assert {one.label: one.value for one in at.metric} == {
        "Rows to learn from": "19,213",
        "Labelled production rows": "6,426",
        "Production judges from": "2007-11-06",
    }
    assert "**70 fits** (14 candidates × 5 folds) on 19,213 training rows: **about 2 min**" in said(
        at
    )
    assert started == []
    if press:
        at.button(key="start-prepared").click().run()
        assert not at.exception
        assert started == [("hoops", "abc")]


def test_what_was_started_is_not_offered_again(alarmed, monkeypatch):
    monkeypatch.setattr(retraining, "preparation", lambda *_: replace(MADE, job_id="job1"))
    at = open_page("pages/5_Drift_monitoring.py")
    assert "Retraining is prepared" not in said(at)


def test_home_offers_it_as_it_was_made(alarmed, monkeypatch):
    from core.services import overview, projects

    write_text(projects.raw_file(alarmed.settings, alarmed.spec, "dev"), "")
    standing = overview.standing
    monkeypatch.setattr(
        overview,
        "standing",
        lambda *given: replace(standing(*given), steps=(), way_back="retrain"),
    )
    monkeypatch.setattr(retraining, "kept_preparation", lambda *_: MADE)
    at = open_page()
    assert "Retraining is prepared: start it." in said(at)
    keys = [button.key for button in at.button]
    assert "start-prepared" in keys
    assert "next" not in keys, "one thing comes next"
