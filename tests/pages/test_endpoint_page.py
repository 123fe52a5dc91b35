"""The REST endpoint's box on the production scoring page: what it says in every state."""

import dataclasses
import threading
from datetime import UTC, datetime

import pytest
from streamlit.testing.v1 import AppTest

from core.errors import EndpointError
from core.scoring import endpoint as endpoints
from core.scoring.endpoint import Endpoint
from core.services import serving
from core.settings import REPOSITORY
from core.tracking import runs


def open_page():
    at = AppTest.from_file(str(REPOSITORY / "Home.py"), default_timeout=30)
    at.query_params["project"] = "hoops"
    at.switch_page("pages/4_Production_scoring.py").run()
    assert not at.exception
    return at


def said(at):
    parts = [at.markdown, at.caption, at.warning, at.error, at.info]
    return "\n".join(element.value for part in parts for element in part)


@pytest.fixture(autouse=True)
def healthy(monkeypatch):
    """Every server answers, unless the list is emptied."""
    answers = [True]
    monkeypatch.setattr(endpoints, "is_healthy", lambda *_, **__: bool(answers))
    return answers


def endpoint(state, version="1", message="It answers."):
    now = datetime.now(UTC)
    url = "http://127.0.0.1:5002"
    return Endpoint(state, url, "127.0.0.1", 5002, 1, version, "models:/x/1", now, message)


@pytest.mark.parametrize(
    ("view", "expected", "buttons"),
    [
        (None, "Other programs can then ask", {"Start with v1"}),
        (serving.EndpointView(endpoint("running"), "1"), "up for", {"Stop"}),
        (
            serving.EndpointView(endpoint("running", "7"), "1"),
            "It still serves v7, but v1 is champion now. Restart it: v7 answers until v1 does",
            {"Restart with v1", "Stop"},
        ),
        (
            serving.EndpointView(endpoint("died", message="It ended: no memory."), "1"),
            "It ended: no memory.",
            {"Start with v1"},
        ),
        (serving.EndpointView(endpoint("stopped"), "1"), "was started", {"Start with v1"}),
        (
            serving.EndpointView(endpoint("starting", message="Version 1 is loading."), "1"),
            "is loading",
            {"Stop"},
        ),
        (
            serving.EndpointView(
                dataclasses.replace(endpoint("running", "7"), next_version="1"), "1"
            ),
            "v1 is loading beside it and will take over; until then v7 answers",
            {"Stop"},
        ),
        (
            serving.EndpointView(
                dataclasses.replace(endpoint("running", "7"), next_problem="It ended: no memory."),
                "1",
            ),
            "It ended: no memory. v7 still answers.",
            {"Restart with v1", "Stop"},
        ),
        (
            serving.EndpointView(endpoint("stopped", message="It did not answer in time."), "1"),
            "It did not answer in time.",
            {"Start with v1"},
        ),
    ],
)
def test_the_endpoint_in_every_state(hoops, monkeypatch, view, expected, buttons):
    monkeypatch.setattr(serving, "status", lambda *_: view)
    at = open_page()
    assert expected in said(at).replace("\\", "")
    known = {"Start with v1", "Restart with v1", "Stop"}
    assert {button.label for button in at.button} & known == buttons


def test_starting_and_stopping_the_endpoint(hoops, monkeypatch):
    called = []
    monkeypatch.setattr(serving, "begin", lambda *_: called.append("start"))
    at = open_page()
    at.button(key="endpoint-start").click().run()
    assert called == ["start"]

    def fail(*_):
        raise EndpointError("Port 5002 is taken; stop whatever uses it.")

    monkeypatch.setattr(serving, "begin", fail)
    at.button(key="endpoint-start").click().run()
    assert not at.exception
    assert "Port 5002 is taken" in said(at)


def test_one_that_runs_but_does_not_answer_is_an_alarm(hoops, monkeypatch, healthy):
    monkeypatch.setattr(
        serving, "status", lambda *_: serving.EndpointView(endpoint("running"), "1")
    )
    assert "does not answer" not in said(open_page())
    healthy.clear()
    assert "does not answer" in said(open_page())


def test_starting_returns_at_once_and_is_seen_through_in_the_background(hoops, monkeypatch):
    orders, answers = [], threading.Event()

    def start(folder, **order):
        assert order.pop("wait_seconds") == 0
        orders.append(order)

    def wait(folder):
        assert answers.wait(10)

    monkeypatch.setattr(endpoints, "start", start)
    monkeypatch.setattr(endpoints, "wait", wait)
    thread = serving.begin(hoops.settings, "hoops")
    assert [order["version"] for order in orders] == ["1"] and orders[0]["host"] == "127.0.0.1"
    [run] = runs.recent(hoops.settings, "hoops")
    assert (run.action, run.status) == ("serve", "RUNNING")
    answers.set()
    thread.join(10)
    assert runs.recent(hoops.settings, "hoops")[0].status == "FINISHED"


def test_a_server_that_ends_while_loading_is_a_failed_run(hoops, monkeypatch):
    def wait(folder):
        raise EndpointError("The endpoint ended before it answered: no memory.")

    monkeypatch.setattr(endpoints, "start", lambda *_, **__: None)
    monkeypatch.setattr(endpoints, "wait", wait)
    serving.begin(hoops.settings, "hoops").join(10)
    [run] = runs.recent(hoops.settings, "hoops")
    assert run.status == "FAILED" and "no memory" in run.tags["error"]


def test_a_taken_port_is_told_at_once(hoops, monkeypatch):
    def taken(*_, **__):
        raise EndpointError("Port 5002 is already taken by another program; choose another port.")

    monkeypatch.setattr(endpoints, "start", taken)
    at = open_page()
    at.button(key="endpoint-start").click().run()
    assert not at.exception and "Port 5002 is already taken" in said(at)
    assert runs.recent(hoops.settings, "hoops")[0].status == "FAILED"
