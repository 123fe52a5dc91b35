"""Monitoring: the followed log, late labels, the record of a check."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from core.dataset import io
from core.errors import NotReady, SchemaError
from core.inference_log import InferenceLog
from core.monitoring.drift import FeatureDrift
from core.scoring import row_ids as kept
from core.scoring.live_log import LiveLog
from core.scoring.log import open_log
from core.services import monitoring, monitoring_figures
from core.tracking import runs


def _write(path, ids, labels):
    pd.DataFrame({"prediction_id": ids, "made": labels}).to_csv(path, index=False)
    return path


def test_the_followed_log_reads_only_new_rows(hoops, monkeypatch):
    hoops.log(40)
    live = monitoring.follow(hoops.settings, "hoops")
    rows, new = live.poll()
    assert (len(rows), new) == (40, 40)
    token = live.token
    read = []
    log = type(open_log(hoops.settings, hoops.spec))
    original = log.read_from

    def counted(self, position=None, max_rows=None):
        fresh, place = original(self, position, max_rows)
        read.append(len(fresh))
        return fresh, place

    monkeypatch.setattr(log, "read_from", counted)
    monkeypatch.setattr(log, "tail", lambda *_: pytest.fail("the whole log was read again"))
    assert live.poll()[1] == 0
    assert live.token == token
    hoops.log(7, seed=2)
    rows, new = live.poll()
    assert (len(rows), new, read) == (47, 7, [0, 7])
    assert live.token != token


def test_the_followed_log_keeps_the_latest_rows_only(hoops):
    hoops.log(10)
    live = LiveLog(open_log(hoops.settings, hoops.spec), most=12)
    live.poll()
    last = hoops.log(5, seed=3)
    rows, new = live.poll()
    assert (len(rows), new) == (12, 5)
    assert list(rows["prediction_id"].tail(5)) == list(last)


def test_rows_that_come_during_the_first_look_are_not_taken_twice(hoops, monkeypatch):
    hoops.log(10)
    log = open_log(hoops.settings, hoops.spec)
    live = LiveLog(log)
    end = log.end

    def end_and_more():
        place = end()
        hoops.log(5, seed=4)
        return place

    monkeypatch.setattr(log, "end", end_and_more)
    assert live.poll()[1] == 15
    assert live.poll()[1] == 0


def test_a_log_that_was_replaced_is_read_again(hoops):
    hoops.log(30)
    live = monitoring.follow(hoops.settings, "hoops")
    live.poll()
    for path in hoops.settings.inference_log("hoops").parent.glob("inference_log*"):
        path.unlink()
    hoops.log(4, seed=5)
    rows, new = live.poll()
    assert (len(rows), new) == (4, 4)


def test_following_starts_before_the_first_row(hoops):
    live = monitoring.follow(hoops.settings, "hoops")
    assert live.poll()[1] == 0
    hoops.log(3)
    assert live.poll()[1] == 3


def test_late_labels_partial_repeated_contradicting_unknown(hoops, tmp_path):
    ids = hoops.log(6)
    first = _write(tmp_path / "one.csv", [*ids[:3], "who"], [1, 0, 1, 1])
    count = monitoring.add_labels(hoops.settings, hoops.spec, first)
    assert (count.joined, count.unknown, count.repeated, count.contradicting) == (3, 1, 0, 0)
    # an empty label is none; the same again is repeated; another one does not replace the first
    again = _write(tmp_path / "two.csv", [*ids[:5], ids[4]], [1, 1, None, None, 1, 0])
    count = monitoring.add_labels(hoops.settings, hoops.spec, again)
    assert (count.joined, count.unknown, count.repeated, count.contradicting) == (1, 0, 1, 2)
    window = monitoring.read_window(hoops.settings, "hoops")
    np.testing.assert_array_equal(window.label, [1, 0, 1, np.nan, 1, np.nan])


def test_a_late_label_does_not_replace_the_logs_own(hoops, tmp_path):
    ids = hoops.log(3, labelled=True)
    own = monitoring.read_window(hoops.settings, "hoops").label
    count = monitoring.add_labels(
        hoops.settings, hoops.spec, _write(tmp_path / "x.csv", ids, 1 - own)
    )
    assert (count.joined, count.contradicting) == (0, 3)
    assert monitoring.labels_token(hoops.settings, "hoops") == 0
    np.testing.assert_array_equal(monitoring.read_window(hoops.settings, "hoops").label, own)


def test_a_label_file_without_labels_or_columns_is_refused(hoops, tmp_path):
    ids = hoops.log(2)
    with pytest.raises(SchemaError, match="holds no label"):
        monitoring.add_labels(
            hoops.settings, hoops.spec, _write(tmp_path / "e.csv", ids, [None, None])
        )
    bare = tmp_path / "bare.csv"
    pd.DataFrame({"prediction_id": ids}).to_csv(bare, index=False)
    with pytest.raises(SchemaError, match="lacks 1 needed column"):
        monitoring.add_labels(hoops.settings, hoops.spec, bare)
    assert monitoring.labels_token(hoops.settings, "hoops") == 0


def test_new_labels_change_the_token(hoops, tmp_path):
    ids = hoops.log(2)
    monitoring.add_labels(hoops.settings, hoops.spec, _write(tmp_path / "l.csv", ids, [1, 0]))
    assert monitoring.labels_token(hoops.settings, "hoops") > 0


def test_nothing_logged_is_said_so(hoops):
    with pytest.raises(NotReady, match="No prediction has been logged yet"):
        monitoring.read_window(hoops.settings, "hoops")
    live = monitoring.follow(hoops.settings, "hoops")
    with pytest.raises(NotReady, match="score a production file first"):
        monitoring.live_window(hoops.settings, "hoops", live)


@pytest.mark.parametrize("most", [25, 1000])
def test_rows_are_chosen_alike_whether_or_not_all_can_be_held(hoops, monkeypatch, most):
    hoops.log(60)
    hoops.log(40, seed=2)
    monkeypatch.setattr(monitoring, "MOST_ROWS", most)
    newest = open_log(hoops.settings, hoops.spec).tail(100)["logged_at"]

    def chosen(**given):
        selection = monitoring.Selection(**given)
        return monitoring.read_window(hoops.settings, "hoops", selection=selection)

    assert chosen().rows == 100
    assert chosen(last_rows=70).rows == 70
    assert chosen(source="batch", last_rows=70).rows == 70
    assert chosen(source="batch", last_rows=500).rows == 100
    assert chosen(since=newest.iloc[60].to_pydatetime()).rows == 40
    assert chosen(until=newest.iloc[60].to_pydatetime(), last_rows=30).rows == 30
    assert len(chosen().frame) == min(most, 100)
    with pytest.raises(NotReady, match="in this window"):
        chosen(source="rest", last_rows=30)


def test_a_check_of_more_rows_than_can_be_held_says_so(hoops, monkeypatch):
    hoops.log(300, further=40, labelled=True)
    whole, _ = monitoring.monitor(hoops.settings, "hoops")
    assert whole["drawn"] == ""
    monkeypatch.setattr(monitoring, "MOST_ROWS", 100)
    result, report = monitoring.monitor(hoops.settings, "hoops")
    assert result["rows"] == 300
    assert result["features"] == whole["features"]
    assert result["realised"]["labelled_rows"] == 100
    assert "counted on all 300 rows" in result["drawn"]
    assert result["drawn"] in monitoring.report_html(hoops.settings, "hoops", report)


def test_rows_that_were_logged_with_fewer_columns_lack_them(hoops):
    older = InferenceLog(hoops.settings.inference_log("hoops"), ["distance", "home"])
    rows = hoops.rows(50, seed=3)
    older.append(
        rows[["distance", "home"]],
        probability=np.full(50, 0.4),
        prediction=np.zeros(50, dtype=np.int8),
        source="batch",
        model_version="1",
    )
    hoops.log(50)
    window = monitoring.read_window(hoops.settings, "hoops")
    assert (window.rows, window.frame["zone"].isna().sum()) == (100, 50)


def test_a_check_of_the_last_rows_is_recorded(hoops):
    hoops.log(60)
    hoops.log(60, seed=2, further=40)
    result, report = monitoring.monitor(hoops.settings, "hoops", last_rows=60)
    assert result["rows"] == report.window.rows == 60
    assert result["level"] == "alarm"
    assert result["estimated"]["status"] == "refused"
    [run] = runs.recent(hoops.settings, "hoops", action="monitor")
    assert (run.params["last_rows"], run.tags["level"]) == ("60", "alarm")


def test_rows_of_other_versions_count_for_drift_only(hoops):
    hoops.log(100, labelled=True)
    window = monitoring.read_window(hoops.settings, "hoops")
    others = np.arange(100) >= 40
    report = monitoring.judge(
        monitoring.Window(
            window.version, window.profile, window.frame, window.probability, window.label, ~others
        )
    )
    assert report.drift[0].rows == 100
    assert report.prediction.rows == 40
    assert report.realised["labelled_rows"] == 40


def test_performance_is_drawn_beside_the_holdout(hoops):
    hoops.log(300, labelled=True)
    report = monitoring.judge(monitoring.read_window(hoops.settings, "hoops"))
    reference = monitoring.reference_metrics(report.window.version)
    figure = monitoring_figures.performance(reference, report.estimate.metrics, report.realised)
    assert [trace.name for trace in figure.data] == [
        "holdout at training",
        "estimated without labels",
        "on labelled rows",
    ]
    assert figure.layout.title.text.startswith("ROC AUC: 0.805 on the holdout, ")
    assert "300 labelled rows" in figure.layout.title.text
    assert monitoring_figures.performance(reference, {}, None) is None


def test_one_label_is_no_reason_to_fail(hoops, tmp_path):
    ids = hoops.log(40)
    monitoring.add_labels(hoops.settings, hoops.spec, _write(tmp_path / "l.csv", ids[:1], [1]))
    report = monitoring.judge(monitoring.read_window(hoops.settings, "hoops"))
    assert report.realised["labelled_rows"] == 1
    assert report.realised["roc_auc"]["value"] is None
    reference = monitoring.reference_metrics(report.window.version)
    figure = monitoring_figures.performance(reference, {}, report.realised)
    assert "roc_auc" not in figure.layout.title.text


def test_drift_is_drawn_with_numbers_to_take_away(hoops):
    from core.evaluation.figures import numbers_of

    hoops.log(100, further=40)
    report = monitoring.judge(monitoring.read_window(hoops.settings, "hoops"))
    assert all(isinstance(one, FeatureDrift) for one in report.drift)
    table = numbers_of(monitoring_figures.drift(report.drift))
    assert {"level", "change"} <= set(table)


def _scored(hoops, row_ids):
    """A scored file with the project's own ids, as scoring leaves it; returns prediction ids."""
    ids = hoops.log(len(row_ids))
    folder = hoops.settings.layer("hoops", "07_model_output")
    table = kept.pairs(pa.chunked_array([pa.array(row_ids)]), pa.array(ids, pa.string()))
    io.write_table(table.to_pandas(), kept.file_of(folder, f"request-{ids[0]}"))
    return ids


def test_late_labels_find_their_rows_by_the_projects_own_ids(hoops, tmp_path):
    spec = replace(hoops.spec, identify="shot")
    _scored(hoops, [7, 8, 9])
    _scored(hoops, [9, 10])  # shot 9 was scored twice: its outcome holds for both
    path = tmp_path / "late.csv"
    labels = {"shot": [7, 8, 9, 9, 77], "made": [1, None, 0, 0, 1]}
    pd.DataFrame(labels).to_csv(path, index=False)
    count = monitoring.add_labels(hoops.settings, spec, path)
    assert (count.joined, count.repeated, count.unknown, count.empty) == (3, 2, 1, 1)
    window = monitoring.read_window(hoops.settings, "hoops")
    np.testing.assert_array_equal(window.label, [1, np.nan, 0, 0, np.nan])
    pd.DataFrame({"shot": ["9"], "made": [1]}).to_csv(path, index=False)
    assert monitoring.add_labels(hoops.settings, spec, path).contradicting == 2


def test_prediction_ids_go_before_the_projects_own(hoops, tmp_path):
    spec = replace(hoops.spec, identify="shot")
    ids = _scored(hoops, [7, 8])
    path = tmp_path / "late.csv"
    pd.DataFrame({"shot": [8], "prediction_id": [ids[0]], "made": [1]}).to_csv(path, index=False)
    monitoring.add_labels(hoops.settings, spec, path)
    np.testing.assert_array_equal(
        monitoring.read_window(hoops.settings, "hoops").label, [1, np.nan]
    )


def test_a_label_file_without_any_id_names_both(hoops, tmp_path):
    spec = replace(hoops.spec, identify="shot")
    path = tmp_path / "late.csv"
    pd.DataFrame({"made": [1]}).to_csv(path, index=False)
    with pytest.raises(SchemaError, match=r"prediction_id, .* or shot, the project's own row id"):
        monitoring.add_labels(hoops.settings, spec, path)


def test_rows_of_one_source_request_or_version(hoops):
    hoops.log(30)
    hoops.log(20, seed=2)
    request = open_log(hoops.settings, hoops.spec).tail(1)["request_id"].iloc[0]

    def rows(**given):
        chosen = monitoring.Selection(**given)
        return monitoring.read_window(hoops.settings, "hoops", selection=chosen).rows

    assert rows(source="batch") == 50
    assert rows(request_id=request) == 20
    assert rows(model_version="1", last_rows=7) == 7
    for nothing in ({"source": "rest"}, {"model_version": "9"}, {"request_id": "nobody"}):
        with pytest.raises(NotReady, match="in this window"):
            rows(**nothing)
