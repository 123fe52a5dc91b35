"""The policy: what a project may say about how it is watched."""

import pytest

from core.dataset import spec as specs
from core.dataset.monitoring_policy import MonitoringPolicy
from core.errors import BadInput, SpecError

SPEC = "target: {column: y, positive: 1}\ncolumns: {x: numeric}\n"


def test_without_a_section_the_defaults_hold():
    assert specs.from_text(SPEC, "p").monitoring == MonitoringPolicy()
    assert MonitoringPolicy().windows_per_false_alarm == 100


def test_a_project_says_how_it_is_watched():
    text = (
        "monitoring:\n  false_alarms: 1 in 500\n  realised: off\n  drift: warning\n"
        "  alarm_drop: 0.1\n  quiet_hours: 6\n  action: prepare_retraining\n"
        "  webhook: https://chat.example/hook\n"
    )
    policy = specs.from_text(SPEC + text, "p").monitoring
    assert policy == MonitoringPolicy(
        false_alarms=1 / 500,
        realised="off",
        drift="warning",
        alarm_drop=0.1,
        quiet_hours=6,
        action="prepare_retraining",
        webhook="https://chat.example/hook",
    )


def test_every_fault_of_the_section_is_told():
    text = "monitoring: {false_alarms: often, drift: loud, quiet_hours: -1, bell: 3}\n"
    with pytest.raises(SpecError) as found:
        specs.from_text(SPEC + text, "p")
    for words in (
        "false_alarms is a number",
        "drift is off, warning or alarm",
        "quiet_hours",
        "bell",
    ):
        assert words in str(found.value)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"false_alarms": 0.5}, "0.0001 to 0.2"),
        ({"false_alarms": "1 in 2"}, "0.0001 to 0.2"),
        ({"alarm_drop": 0.01}, "must not be below warning_drop"),
        ({"warning_drop": True}, "number from 0 to 1"),
        ({"action": "panic"}, "tell or prepare_retraining"),
        ({"colour": "red"}, "colour is not known"),
    ],
)
def test_what_cannot_be_used_is_named(changes, words):
    with pytest.raises(BadInput, match=words):
        MonitoringPolicy().changed(changes)


@pytest.mark.parametrize(
    "address", ["ftp://x/SECRET", "SECRET", "http:///SECRET", "http://a b/SECRET"]
)
def test_a_wrong_webhook_is_refused_without_repeating_it(address):
    with pytest.raises(BadInput, match="begins with https://") as found:
        MonitoringPolicy().changed({"webhook": address})
    assert "SECRET" not in str(found.value)
