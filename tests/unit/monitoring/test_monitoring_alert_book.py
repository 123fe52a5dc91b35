"""Alerts as they are kept: opened, acknowledged, resolved, told."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from core.errors import BadInput
from core.monitoring.alert_book import AlertBook
from core.monitoring.policy import Alert

DRIFT = Alert("drift:distance", "alarm", "distance drifted.")
SMALL = Alert("drift:zone", "warning", "zone drifted.")


@pytest.fixture
def book(tmp_path):
    return AlertBook(tmp_path / "alerts.jsonl")


def record(book, *found, judged=("drift:distance", "drift:zone"), run="run1"):
    return book.record(found, set(judged), run, "1")


def test_an_alert_opens_once_and_resolves_when_it_is_no_longer_found(book):
    first = record(book, DRIFT, SMALL)
    assert [one.rule for one in first.opened] == ["drift:distance", "drift:zone"]
    again = record(book, DRIFT, SMALL, run="run2")
    assert (again.opened, again.resolved, len(again.still_open)) == ((), (), 2)
    ended = record(book, SMALL, run="run3")
    assert [one.rule for one in ended.resolved] == ["drift:distance"]
    by_rule = {one.rule: one for one in book.alerts()}
    assert not by_rule["drift:distance"].is_open
    assert by_rule["drift:distance"].resolution == "no longer found"
    assert by_rule["drift:zone"].run_id == "run1"


def test_what_a_check_could_not_judge_stays_open(book):
    record(book, DRIFT, Alert("realised_f1", "alarm", "F1 fell."), judged=("realised_f1",))
    record(book, judged=("drift:distance",))
    assert [one.rule for one in book.open_alerts()] == ["realised_f1"]


def test_what_is_not_known_is_no_alert_to_keep(book):
    assert record(book, Alert("estimate", "unknown", "Cannot say.")).opened == ()
    assert not book.path.exists()


def test_an_alert_may_become_louder(book):
    record(book, SMALL)
    record(book, Alert("drift:zone", "alarm", "zone drifted far."))
    [one] = book.open_alerts()
    assert (one.level, one.message) == ("alarm", "zone drifted far.")


def test_a_rule_that_comes_back_is_a_new_alert(book):
    record(book, DRIFT)
    record(book)
    record(book, DRIFT)
    assert [one.is_open for one in book.alerts()] == [True, False]


def test_acknowledging_keeps_it_open_with_the_note(book):
    record(book, DRIFT)
    book.acknowledge(book.open_alerts()[0].alert_id, "  We know: the play-offs.\n")
    [one] = book.open_alerts()
    assert one.note == "We know: the play-offs."
    assert one.acknowledged_at is not None


def test_resolving_by_hand_and_only_once(book):
    record(book, DRIFT)
    name = book.open_alerts()[0].alert_id
    book.resolve(name, "retrained")
    assert book.alerts()[0].resolution == "retrained"
    for act in (book.resolve, book.acknowledge):
        with pytest.raises(BadInput, match="not open any more"):
            act(name, "")
        with pytest.raises(BadInput, match="not open any more"):
            act("nobody", "")


def test_alarms_come_first_and_what_is_open_before_the_rest(book):
    record(book, SMALL)
    record(book, SMALL, DRIFT)
    assert [one.level for one in book.alerts()] == ["alarm", "warning"]


def test_alerts_of_one_check_keep_its_order(book):
    rules = ["drift:c", "drift:a", "drift:b"]
    record(book, *(Alert(rule, "alarm", "It drifted.") for rule in rules))
    assert [one.rule for one in book.alerts()] == rules


def test_events_are_only_ever_appended(book):
    record(book, DRIFT)
    before = book.path.read_bytes()
    book.acknowledge(book.open_alerts()[0].alert_id, "seen")
    record(book)
    after = book.path.read_bytes()
    assert after.startswith(before)
    kinds = [json.loads(line)["event"] for line in after.splitlines()]
    assert kinds == ["opened", "acknowledged", "resolved"]


def test_torn_and_foreign_lines_are_skipped_and_nothing_is_lost_after_them(book):
    record(book, DRIFT)
    with book.path.open("ab") as stream:
        stream.write(b'[1]\n{"at": "soon", "event": "opened", "id": "x"}\n{"at": "20')
    record(book, DRIFT, SMALL)
    assert {one.rule for one in book.open_alerts()} == {"drift:distance", "drift:zone"}


def test_checks_at_the_same_time_open_an_alert_once(book):
    with ThreadPoolExecutor(8) as pool:
        done = list(pool.map(lambda turn: record(book, DRIFT, run=f"run{turn}"), range(24)))
    assert sum(len(one.opened) for one in done) == 1
    assert len(book.alerts()) == 1


def test_within_quiet_time_a_rule_is_told_once(book):
    record(book, DRIFT)
    book.announced(book.pending(quiet_hours=24))
    assert book.pending(24) == []
    record(book)
    record(book, DRIFT)
    assert book.pending(24) == []
    later = datetime.now(UTC) + timedelta(hours=25)
    assert [one.rule for one in book.pending(24, now=later)] == ["drift:distance"]
    assert [one.rule for one in book.pending(0)] == ["drift:distance"]


def test_an_open_alert_that_was_told_is_not_told_again_after_quiet_time(book):
    record(book, DRIFT)
    book.announced(book.pending(24))
    assert book.pending(1, now=datetime.now(UTC) + timedelta(days=9)) == []


def test_what_becomes_an_alarm_is_told_in_spite_of_quiet_time(book):
    record(book, SMALL)
    book.announced(book.pending(24))
    record(book, Alert("drift:zone", "alarm", "zone drifted far."))
    assert [one.level for one in book.pending(24)] == ["alarm"]


def test_a_failure_to_tell_is_kept_and_leaves_it_pending(book):
    record(book, DRIFT)
    book.not_announced(book.pending(24), "no connection, tried 3 times")
    [one] = book.pending(24)
    assert one.failure == "no connection, tried 3 times"
    book.announced([one])
    assert book.open_alerts()[0].failure == ""
