"""The timeline: every row read once, closed windows judged once, figures as judged in full."""

import json

import numpy as np
import pandas as pd
import pytest

from core.dataset.monitoring_policy import MonitoringPolicy
from core.errors import NotReady
from core.monitoring import places
from core.monitoring.timeline_value import Judge
from core.services import monitoring
from core.services.monitoring_timeline import Cut, open_timeline, selection_of
from core.tracking import runs


@pytest.fixture
def watch(hoops):
    def opened(cut=None, policy=None):
        return open_timeline(hoops.settings, "hoops", cut or Cut("count", 100), policy)

    return opened


def test_only_new_rows_are_read_and_closed_windows_judged_once(hoops, watch, monkeypatch):
    hoops.log(250, labelled=True)
    live = watch()
    assert [(w.label, w.rows, w.forming) for w in live.refresh()] == [
        ("rows 1 to 100", 100, False),
        ("rows 101 to 200", 100, False),
        ("rows 201 to 300", 50, True),
    ]
    assert live.timeline.rows_read == 250
    judged = []
    estimate = Judge.estimate

    def counted(self, tally):
        judged.append(tally.rows)
        return estimate(self, tally)

    monkeypatch.setattr(Judge, "estimate", counted)
    live.refresh()
    assert (live.timeline.rows_read, judged) == (250, [50])
    hoops.log(70, seed=2)
    found = live.refresh()
    assert live.timeline.rows_read == 320
    assert judged[1:] == [100, 20]
    assert [w.rows for w in found] == [100, 100, 100, 20]
    assert [w.forming for w in found] == [False, False, False, True]


def test_another_process_goes_on_where_the_first_one_was(hoops, watch):
    hoops.log(250)
    first = watch()
    first.refresh()
    second = watch()
    assert second.refresh() == first.refresh()
    assert second.timeline.rows_read == 0
    hoops.log(100, seed=2)
    assert [w.rows for w in second.refresh()] == [100, 100, 100, 50]
    assert first.refresh() == second.refresh()
    assert first.timeline.rows_read == 250


def test_pieces_of_any_size_give_the_same_windows(hoops, watch, monkeypatch):
    from core.monitoring import timeline

    hoops.log(330, labelled=True)
    whole = watch().refresh()
    for path in places.timeline_dir(hoops.settings, "hoops").iterdir():
        path.unlink()
    monkeypatch.setattr(timeline, "PIECE_ROWS", 37)
    for one, other in zip(whole, watch().refresh(), strict=True):
        assert (one.psi, one.rows, one.level) == (other.psi, other.rows, other.level)
        assert one.realised["roc_auc"].value == pytest.approx(other.realised["roc_auc"].value)


def test_the_figures_are_those_of_the_full_check(hoops, watch):
    """PSI to the last digit; metrics from bins as close as score_bins says."""
    hoops.log(800, labelled=True)
    [window] = watch(Cut("count", 1000)).refresh()
    report = monitoring.judge(monitoring.read_window(hoops.settings, "hoops"))
    assert window.psi == {one.name: one.psi for one in report.drift}
    for name, bound in (("roc_auc", 2e-3), ("log_loss", 1e-4), ("f1", 0), ("accuracy", 0)):
        seen = window.realised[name]
        assert seen.value == pytest.approx(report.realised[name]["value"], abs=bound + 1e-12)
        assert seen.low < seen.value < seen.high
        assert seen.low == pytest.approx(report.realised[name]["low"], abs=0.02)
        guessed = report.estimate.metrics[name]
        assert window.estimated[name].value == pytest.approx(guessed.value, abs=bound + 5e-3)
        assert window.estimated[name].high == pytest.approx(guessed.high, abs=0.03)
    assert window.labelled_rows == 800


def test_drift_is_seen_in_its_window_and_nothing_is_estimated_there(hoops, watch):
    hoops.log(100)
    hoops.log(100, seed=2, further=40)
    before, after = watch().refresh()
    assert (before.level, after.level) == ("ok", "alarm")
    assert after.worst == "distance"
    assert after.drift > 1 > before.drift
    assert "distance" in after.refused
    assert after.estimated == {}
    assert "roc_auc" in before.estimated


def test_late_labels_reach_the_windows_of_their_rows(hoops, watch, tmp_path):
    ids = hoops.log(200)
    live = watch()
    assert [w.labelled_rows for w in live.refresh()] == [0, 0]
    labels = pd.DataFrame({"prediction_id": ids[:60], "made": np.arange(60) % 2})
    labels.to_csv(tmp_path / "late.csv", index=False)
    monitoring.add_labels(hoops.settings, hoops.spec, tmp_path / "late.csv")
    first, second = live.refresh()
    assert (first.labelled_rows, second.labelled_rows) == (60, 0)
    assert "roc_auc" in first.realised
    assert live.timeline.rows_read == 200
    assert watch().refresh() == [first, second]


def test_by_source_and_by_version(hoops, watch):
    hoops.log(120)
    [source] = watch(Cut("source")).refresh()
    assert (source.label, source.rows, source.forming) == ("batch", 120, True)
    [version] = watch(Cut("version")).refresh()
    assert version.label == "v1"


def test_each_batch_is_a_window(hoops, watch):
    hoops.log(40)
    hoops.log(60, seed=2)
    found = watch(Cut("batch")).refresh()
    assert [(w.rows, w.forming) for w in found] == [(40, False), (60, True)]


@pytest.mark.parametrize(
    "cut", [Cut("count", 100), Cut("batch"), Cut("time"), Cut("source"), Cut("version")]
)
def test_every_window_opens_with_its_own_rows(hoops, watch, cut):
    hoops.log(130)
    hoops.log(125, seed=2, further=40)
    for window in watch(cut).refresh():
        selection = selection_of(cut, window)
        opened = monitoring.read_window(hoops.settings, "hoops", selection=selection)
        assert opened.rows == window.rows
        assert opened.first.isoformat() == window.first
        report = monitoring.judge(opened)
        assert {one.name: one.psi for one in report.drift} == window.psi


def test_a_window_by_count_is_checked_and_recorded_by_its_place(hoops):
    hoops.log(250)
    span = monitoring.RowSpan(100, 100)
    result, _ = monitoring.monitor(hoops.settings, "hoops", selection=span)
    assert result["rows"] == 100
    [run] = runs.recent(hoops.settings, "hoops", action="monitor")
    assert (run.params["first_row"], run.params["rows_from_there"]) == ("101", "100")
    with pytest.raises(NotReady, match="in this window"):
        monitoring.monitor(hoops.settings, "hoops", selection=monitoring.RowSpan(900, 100))


def test_too_few_rows_are_not_judged(hoops, watch):
    hoops.log(7)
    [window] = watch().refresh()
    assert (window.level, window.drift, window.worst) == ("unknown", None, "")
    assert window.estimated == window.realised == {}
    assert "too few" in window.refused


def test_an_empty_log_has_no_windows(watch):
    assert watch().refresh() == []


def test_a_log_that_was_replaced_is_read_anew(hoops, watch):
    hoops.log(250)
    live = watch()
    live.refresh()
    for path in hoops.settings.inference_log("hoops").parent.glob("inference_log*"):
        path.unlink()
    hoops.log(120, seed=5)
    assert [w.rows for w in live.refresh()] == [100, 20]


@pytest.mark.parametrize("damage", ["{", '{"format": 1}', None])
def test_damaged_files_are_made_again(hoops, watch, damage):
    hoops.log(250)
    before = watch().refresh()
    folder = places.timeline_dir(hoops.settings, "hoops")
    if damage is None:  # the closed windows were cut short
        [closed] = folder.glob("*.jsonl")
        closed.write_bytes(closed.read_bytes()[:50])
    else:
        [state] = folder.glob("*.json")
        state.write_text(damage)
    assert watch().refresh() == before


def test_a_torn_line_after_a_crash_costs_nothing(hoops, watch):
    hoops.log(250)
    watch().refresh()
    [closed] = places.timeline_dir(hoops.settings, "hoops").glob("*.jsonl")
    with closed.open("ab") as stream:
        stream.write(b'{"family": "", "na')
    hoops.log(100, seed=2)
    assert [w.rows for w in watch().refresh()] == [100, 100, 100, 50]
    assert [json.loads(line)["name"] for line in closed.read_text().splitlines()] == ["0", "1", "2"]


def test_the_policy_decides_how_loud_a_window_is(hoops, watch):
    hoops.log(100, further=40)
    levels = [
        watch(policy=MonitoringPolicy(drift=loudness)).refresh()[0].level
        for loudness in ("alarm", "warning", "off")
    ]
    assert levels == ["alarm", "warning", "ok"]


def test_the_timeline_of_a_project_without_a_champion_says_so(hoops, watch):
    hoops.versions.clear()
    with pytest.raises(NotReady):
        watch()
