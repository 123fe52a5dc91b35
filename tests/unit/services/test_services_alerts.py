"""A check keeps alerts, tells them, and leaves its report; the policy is in force everywhere."""

import json
import os
import stat
import threading
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pandas as pd
import pytest

from core.errors import BadInput, CourtsideError, NotReady
from core.monitoring import alert_book, places, webhook
from core.services import alerts, monitoring, retraining
from core.tracking import runs


def wait_for_webhook():
    for thread in threading.enumerate():
        if thread.name == "webhook":
            thread.join(30)


@pytest.fixture
def answers():
    """The status codes that the webhook gives first; afterwards it takes everything."""
    return []


@pytest.fixture
def hook(answers):
    """A local webhook: its address, and what it was sent."""
    bodies = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(answers.pop(0) if answers else 200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/hook", bodies
    server.shutdown()
    server.server_close()


def test_a_check_opens_alerts_and_a_later_one_resolves_them(hoops):
    hoops.log(60, further=40)
    result, _ = monitoring.monitor(hoops.settings, "hoops")
    opened = {one.rule: one for one in alerts.alerts(hoops.settings, "hoops")}
    assert opened["drift:distance"].run_id == result["run_id"]
    [run] = runs.recent(hoops.settings, "hoops", action="monitor")
    assert run.metrics["alerts_opened"] == len(opened) == run.metrics["alerts_open"]
    hoops.log(300, seed=2)
    monitoring.monitor(hoops.settings, "hoops", last_rows=300)
    assert all(not one.is_open for one in alerts.alerts(hoops.settings, "hoops"))


def test_the_report_is_one_file_with_plotly_inside_once(hoops, tmp_path, monkeypatch):
    logged = []
    monkeypatch.setattr(
        runs.RunLog, "file", lambda self, path, folder=None: logged.append(path.name)
    )
    hoops.log(200, further=40, labelled=True)
    _, report = monitoring.monitor(hoops.settings, "hoops")
    assert "monitor_report.html" in logged
    page = monitoring.write_report(hoops.settings, "hoops", report, tmp_path / "r.html").read_text()
    assert report.assessment.verdict.replace("→", "→") in page
    assert page.count("plotly.js v") == 1
    assert "https://cdn" not in page.split("</script>")[-1]
    assert "PSI" in page
    assert ">nan<" not in page.lower()
    with pytest.raises(BadInput, match=r"ending in \.html"):
        monitoring.write_report(hoops.settings, "hoops", report, tmp_path / "r.pdf")


def test_what_is_found_is_told_to_the_webhook_once(hoops, hook):
    address, bodies = hook
    alerts.change_policy(hoops.settings, "hoops", {"webhook": address})
    hoops.log(60, further=40)
    for _ in range(2):
        monitoring.monitor(hoops.settings, "hoops")
        wait_for_webhook()
    [body] = bodies
    assert body["project"] == "hoops"
    assert "drift:distance" in {one["rule"] for one in body["alerts"]}
    assert all(one.announced_at for one in alerts.alerts(hoops.settings, "hoops"))


def failed(hoops, hook, answers):
    """A recorded check whose alerts the webhook refused."""
    address, bodies = hook
    alerts.change_policy(hoops.settings, "hoops", {"webhook": address})
    hoops.log(60, further=40)
    answers.append(400)
    monitoring.monitor(hoops.settings, "hoops")
    wait_for_webhook()
    assert len(bodies) == 1
    assert alerts.alerts(hoops.settings, "hoops")[0].failure == "the server answered 400"
    return bodies


def later(monkeypatch, **more):
    """Let so much time go by for whoever asks what is due."""

    class Clock(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.now(tz) + timedelta(**more)

    monkeypatch.setattr(alert_book, "datetime", Clock)


def test_the_next_check_tells_what_the_webhook_did_not_take(hoops, hook, answers):
    bodies = failed(hoops, hook, answers)
    result, _ = monitoring.monitor(hoops.settings, "hoops")
    wait_for_webhook()
    assert [body["verdict"] for body in bodies] == [result["verdict"]] * 2
    assert all(one.announced_at for one in alerts.alerts(hoops.settings, "hoops"))


def test_a_look_tells_it_again_once_its_pause_is_over(hoops, hook, answers, monkeypatch):
    bodies = failed(hoops, hook, answers)
    assert not alerts.tell_again(hoops.settings, "hoops")
    later(monkeypatch, minutes=2)
    assert alerts.tell_again(hoops.settings, "hoops")
    wait_for_webhook()
    assert bodies[1] == bodies[0]
    assert not alerts.tell_again(hoops.settings, "hoops")
    assert all(one.failures == 0 for one in alerts.alerts(hoops.settings, "hoops"))


def test_an_address_that_never_answers_is_left_alone_in_the_end(hoops, hook, answers, monkeypatch):
    bodies = failed(hoops, hook, answers)
    answers += [500] * 100
    for hours in range(1, 41):  # each look two hours after the one before: every pause is over
        later(monkeypatch, hours=2 * hours)
        alerts.tell_again(hoops.settings, "hoops")
        wait_for_webhook()
    assert len(bodies) == 1 + alert_book.MOST_RETRIES
    path = places.alerts_path(hoops.settings, "hoops")
    size = path.stat().st_size
    assert not alerts.tell_again(hoops.settings, "hoops")
    assert path.stat().st_size == size
    answers.clear()
    monitoring.monitor(hoops.settings, "hoops")  # a recorded check tries again all the same
    wait_for_webhook()
    assert all(one.announced_at for one in alerts.alerts(hoops.settings, "hoops"))


def test_a_look_waits_for_nobody(hoops, monkeypatch):
    alerts.change_policy(hoops.settings, "hoops", {"webhook": "http://127.0.0.1:9/x"})
    hoops.log(60, further=40)
    monitoring.monitor(hoops.settings, "hoops")
    wait_for_webhook()
    later(monkeypatch, hours=1)
    told = []
    monkeypatch.setattr(webhook, "post", lambda *_, **how: told.append(how) or "no connection")
    assert alerts.tell_again(hoops.settings, "hoops")
    wait_for_webhook()
    assert told == [{"tries": 1}]


def test_the_environments_webhook_is_used_where_the_project_has_none(hoops, hook, monkeypatch):
    address, bodies = hook
    monkeypatch.setenv("COURTSIDE_WEBHOOK_URL", address)
    assert alerts.webhook_is_set(hoops.settings, "hoops")
    assert alerts.try_webhook(hoops.settings, "hoops") == ""
    assert "This is a test" in bodies[0]["text"]


def test_a_test_message_needs_a_webhook_and_says_why_it_failed(hoops):
    with pytest.raises(NotReady, match="No webhook is set"):
        alerts.try_webhook(hoops.settings, "hoops")
    alerts.change_policy(hoops.settings, "hoops", {"webhook": "http://127.0.0.1:9/x"})
    assert "no connection" in alerts.try_webhook(hoops.settings, "hoops")


def test_the_policy_is_kept_beside_the_specification_and_in_force(hoops):
    hoops.log(60, further=40)
    alerts.change_policy(hoops.settings, "hoops", {"false_alarms": 0.05, "drift": "warning"})
    assert alerts.policy(hoops.settings, "hoops").false_alarms == 0.05
    result, _ = monitoring.monitor(hoops.settings, "hoops")
    assert (result["level"], result["false_alarm_rate"]) == ("warning", 0.05)
    path = places.policy_path(hoops.settings, "hoops")
    assert json.loads(path.read_text()) == {"false_alarms": 0.05, "drift": "warning"}
    if os.name == "posix":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_policy_that_cannot_be_used_changes_nothing_and_says_so(hoops):
    with pytest.raises(BadInput, match="false_alarms"):
        alerts.change_policy(hoops.settings, "hoops", {"false_alarms": 7})
    path = places.policy_path(hoops.settings, "hoops")
    assert not path.exists()
    path.write_text("[]")
    with pytest.raises(CourtsideError, match="correct or delete it"):
        alerts.policy(hoops.settings, "hoops")


def test_a_project_may_want_a_retraining(hoops):
    hoops.log(60, further=40)
    monitoring.monitor(hoops.settings, "hoops")
    assert retraining.retraining_wanted(hoops.settings, "hoops") == []
    alerts.change_policy(hoops.settings, "hoops", {"action": "prepare_retraining"})
    wanted = retraining.retraining_wanted(hoops.settings, "hoops")
    assert {one.level for one in wanted} == {"alarm"}


def test_a_file_that_was_never_scored_is_judged_and_leaves_nothing(hoops, tmp_path):
    path = tmp_path / "new.parquet"
    hoops.rows(200, seed=3, further=40).assign(extra=1).to_parquet(path)
    report = monitoring.check_file(hoops.settings, "hoops", path)
    assert report.assessment.level == "alarm"
    assert (report.prediction, report.realised) == (None, None)
    assert report.estimate.status == "refused"
    assert "not scored" in report.estimate.reason
    assert {one.name for one in report.effects} == {"distance", "home", "zone"}
    assert hoops.logged() == 0
    assert alerts.alerts(hoops.settings, "hoops") == []
    assert runs.recent(hoops.settings, "hoops", action="monitor") == []


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        (pd.DataFrame({"distance": [1.0]}), "lacks 2 needed column"),
        (pd.DataFrame({"distance": [], "home": [], "zone": []}), "no rows"),
    ],
)
def test_a_file_that_does_not_fit_is_refused(hoops, tmp_path, frame, words):
    frame.to_csv(tmp_path / "f.csv", index=False)
    with pytest.raises(BadInput, match=words):
        monitoring.check_file(hoops.settings, "hoops", tmp_path / "f.csv")
