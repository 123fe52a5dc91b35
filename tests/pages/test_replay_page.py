"""Replay on its page: rows are chosen, asked about again, and nothing is logged."""

import dataclasses

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.services import replay
from core.settings import REPOSITORY
from core.tracking import models


@pytest.fixture
def rival(hoops, monkeypatch):
    """Version 2, which believes in nothing."""

    class Gloomy:
        def predict_proba(self, frame):
            return np.column_stack([np.full(len(frame), 0.9), np.full(len(frame), 0.1)])

    second = dataclasses.replace(hoops.versions[0], version="2", aliases=(), title="Gloomy")
    hoops.versions.insert(0, second)
    monkeypatch.setattr(
        models, "load_pipeline", lambda _, v: Gloomy() if v.version == "2" else hoops.pipeline
    )


def open_page(**query):
    at = AppTest.from_file(str(REPOSITORY / "Home.py"), default_timeout=30)
    for name, value in {"project": "hoops", "way": "replay", **query}.items():
        at.query_params[name] = value
    at.switch_page("pages/4_Production_scoring.py").run()
    assert not at.exception
    return at


def said(at):
    parts = [at.markdown, at.caption, at.warning, at.error, at.subheader]
    return "\n".join(element.value for part in parts for element in part).replace("\\", "")


def press(at):
    at.button(key="replay-press").click().run()
    assert not at.exception
    return at


def test_without_a_log_it_says_so(hoops):
    assert "No prediction has been logged yet" in said(press(open_page()))


def test_another_version_is_asked_about_the_last_rows(hoops, rival):
    hoops.log(80, labelled=True)
    at = open_page(version="2")
    assert "What would v2 Gloomy have said" in said(at)
    at.number_input(key="replay-last-hoops").set_value(50)
    press(at)
    assert "of 50 rows otherwise" in said(at)
    shown = {metric.label: metric.value for metric in at.metric}
    assert shown["now made"] == "0" and shown["Decisions changed"] == shown["now missed"] != "0"
    assert "On 50 labelled rows" in said(at)
    at.run()
    assert "of 50 rows" in said(at), "the result is gone after a rerun"
    assert hoops.logged() == 80


def test_the_same_version_changes_nothing(hoops):
    hoops.log(20)
    at = press(open_page())
    assert "**agrees** with what was said on all 20 rows" in said(at)
    assert "None of these rows has a label yet" in said(at)
    assert "Rows that it decides otherwise" not in said(at)


def test_a_window_of_time_without_rows(hoops):
    hoops.log(5)
    at = open_page()
    at.segmented_control(key="replay-how-hoops").set_value("time").run()
    at.selectbox(key="replay-source-hoops").set_value("form")
    assert "No logged row matches" in said(press(at))
    at.selectbox(key="replay-source-hoops").set_value("all")
    assert "on all 5 rows" in said(press(at))


def test_skipped_rows_are_explained(hoops, monkeypatch):
    hoops.log(5)

    def some_skipped(*args, **options):
        report = run(*args, **options)
        report.found.skipped["angle: not logged then"] = 3
        return report

    run = replay.run
    monkeypatch.setattr(replay, "run", some_skipped)
    assert "3 × angle: not logged then" in said(press(open_page()))
