"""Home: what it says of a check that runs, beside what is on record."""

import dataclasses
import importlib
from datetime import UTC, datetime, timedelta

import pytest
from streamlit.testing.v1 import AppTest

from core.files import write_text
from core.services import overview, projects
from core.settings import REPOSITORY
from core.tracking import runs


@pytest.fixture
def logged(hoops):
    """The fake project with a development file, a training and scored rows."""
    write_text(projects.raw_file(hoops.settings, hoops.spec, "dev"), "")
    act(hoops, "train")
    hoops.log(50)
    act(hoops, "score")
    return hoops


def act(hoops, action, **tags):
    with runs.action(hoops.settings, "hoops", action, tags=tags):
        pass


def home():
    at = AppTest.from_file(str(REPOSITORY / "Home.py"), default_timeout=60)
    at.query_params["project"] = "hoops"
    at.run()
    assert not at.exception
    return said(at)


def said(at):
    return "\n".join(one.value for part in (at.markdown, at.caption) for one in part)


def test_a_running_check_is_told_once_and_nothing_contradicts_it(logged):
    assert "No check on record" in home()
    running = runs.start(logged.settings, "hoops", "monitor")
    text = home()
    assert "A check is running" in text
    assert "a check is running" in text
    assert "no check on record" not in text.lower()
    assert "Check and record" not in text
    running.tags({"level": "ok", "verdict": "Production looks like the training data."})
    running.finish()
    text = home()
    assert "is running" not in text
    assert "Production looks like the training data" in text


def test_the_last_verdict_stays_while_the_next_is_made(logged):
    act(logged, "monitor", level="alarm", verdict="Production has left the training data.")
    runs.start(logged.settings, "hoops", "monitor")
    text = home()
    assert "A check is running; below is the last one on record" in text
    assert "Production has left the training data" in text


def test_a_check_that_was_killed_long_ago_does_not_run(logged):
    runs.start(logged.settings, "hoops", "monitor", at=1_000_000_000.0)
    text = home()
    assert "A check is running" not in text
    assert "No check on record" in text


def test_what_was_done_last_counts_from_its_end(logged):
    """A training of an hour that ended just now: the list of trainings says so, too."""
    now = datetime.now(UTC)
    long = runs.start(logged.settings, "hoops", "train", at=(now - timedelta(hours=1)).timestamp())
    line = importlib.import_module("core.ui.frame")._status
    standing = overview.standing(logged.settings, "hoops")
    assert standing.last.action == "score", "it began before"
    running = dataclasses.replace(standing, last=runs.get(logged.settings, long.run_id))
    assert "1 h ago" in line(running)[0]
    long.finish("KILLED")
    ended = dataclasses.replace(standing, last=runs.get(logged.settings, long.run_id))
    assert line(ended)[0].endswith("trained \\(cancelled\\), just now")


def test_a_retrained_champion_stands_with_its_figures_on_production(logged):
    metrics = {"test_roc_auc": 0.632, "cv_recent_log_loss": 0.65, "recent_roc_auc": 0.557}
    logged.versions[0] = dataclasses.replace(logged.versions[0], metrics=metrics)
    text = home()
    assert "champion v1 Logistic Regression, ROC AUC 0.557 on production" in text
    assert "champion v1, ROC AUC 0.557 on production" in text
    assert "On the newest production rows, which judged its retraining." in text
    assert "0.632" not in text
