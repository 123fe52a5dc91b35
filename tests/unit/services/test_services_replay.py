"""Replay: what would another version have said about the logged rows?"""

from __future__ import annotations

import dataclasses
import json
from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from core.cli.main import main
from core.dataset import io
from core.errors import BadInput, CourtsideError, NotReady
from core.evaluation.metrics import binary_metrics
from core.inference_log import InferenceLog, records
from core.scoring import replay as scoring_replay
from core.scoring.log import open_log
from core.scoring.replay import KEPT_CHANGES
from core.services import replay
from core.services.replay import Which
from core.tracking import models, runs


class Step:
    """Stands for a pipeline's first step, which knows the raw columns."""

    def __init__(self, kinds):
        self.kinds = kinds


class Braver:
    """Believes in longer shots than the champion; takes the columns it is told."""

    def __init__(self, kinds):
        self.steps = [("features", Step(kinds))]
        self.seen = []

    def predict_proba(self, frame):
        self.seen.append(len(frame))
        assert list(frame.columns) == list(self.steps[0][1].kinds)
        positive = 1 / (1 + np.exp((frame["distance"].to_numpy(float) - 15) / 4))
        return np.column_stack([1 - positive, positive])


@pytest.fixture
def braver(hoops, monkeypatch):
    """Version 2 beside the champion."""
    model = Braver(dict(hoops.spec.kinds))
    second = dataclasses.replace(hoops.versions[0], version="2", aliases=(), title="Braver")
    hoops.versions.insert(0, second)
    monkeypatch.setattr(
        models, "load_pipeline", lambda _, v: model if v.version == "2" else hoops.pipeline
    )
    return model


def everything(hoops):
    folder = hoops.settings.inference_log("hoops").parent
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def logged(hoops):
    return open_log(hoops.settings, hoops.spec).read_window()


def test_the_version_that_scored_says_the_same_again(hoops):
    hoops.log(300, labelled=True)
    before = everything(hoops)
    said = replay.run(hoops.settings, "hoops", "champion").summary
    assert (said["rows_read"], said["rows_replayed"], said["rows_skipped"]) == (300, 300, 0)
    assert (said["agreement"], said["changed"]["total"]) == (1.0, 0)
    assert said["mean_absolute_difference"] == said["largest_difference"] == 0.0
    assert said["metrics"]["then"] == said["metrics"]["now"]
    assert said["scored_by"] == {"1": 300}
    assert everything(hoops) == before, "the log was touched"


def test_another_version_is_compared_row_by_row(hoops, braver, tmp_path):
    hoops.log(400, labelled=True)
    out = tmp_path / "replayed.parquet"
    report = replay.run(hoops.settings, "hoops", "2", out=out)
    rows, said = logged(hoops), report.summary
    now = braver.predict_proba(rows[["distance", "home", "zone"]])[:, 1]
    then = rows["probability"].to_numpy()
    decided, before = now > 0.5, then > 0.5
    assert said["changed"] == {
        "total": int((decided != before).sum()),
        "to_positive": int((decided & ~before).sum()),
        "to_negative": 0,
    }
    assert said["changed"]["total"] > 10
    assert said["agreement"] == pytest.approx((decided == before).mean(), abs=1e-12)
    assert said["mean_absolute_difference"] == pytest.approx(np.abs(now - then).mean())
    assert said["largest_difference"] == pytest.approx(np.abs(now - then).max())
    assert said["positives"] == {"then": int(before.sum()), "now": int(decided.sum())}
    assert said["mean_probability"] == pytest.approx({"then": then.mean(), "now": now.mean()})
    label = rows["label"].to_numpy()
    for when, probability in (("then", then), ("now", now)):
        expected = binary_metrics(label, probability).as_dict()
        assert said["metrics"][when] == pytest.approx(expected)
    table = pd.read_parquet(out)
    assert table["prediction_id"].tolist() == rows["prediction_id"].tolist()
    np.testing.assert_array_equal(table["probability"], now)
    np.testing.assert_array_equal(table["logged_probability"], then)
    assert int(table["changed"].sum()) == said["changed"]["total"]
    assert len(report.changed) == said["changed"]["total"] <= KEPT_CHANGES
    assert np.abs(report.changed["difference"]).is_monotonic_decreasing
    assert report.changed["prediction_id"].iloc[0] in set(table["prediction_id"][table["changed"]])


def test_it_is_a_comparison_on_record_and_nothing_is_logged(hoops, braver):
    hoops.log(50)
    before = everything(hoops)
    said = replay.run(hoops.settings, "hoops", "2").summary
    [run] = runs.recent(hoops.settings, "hoops")
    assert (run.action, run.tags["kind"], run.status) == ("compare", "replay", "FINISHED")
    assert run.run_id == said["run_id"] and run.params["version"] == "2"
    assert run.metrics["agreement"] == pytest.approx(said["agreement"])
    assert everything(hoops) == before
    json.dumps(said, allow_nan=False)


def test_small_pieces_give_what_one_piece_gives(hoops, braver, monkeypatch, tmp_path):
    hoops.log(300, labelled=True)
    whole = replay.run(hoops.settings, "hoops", "2", out=tmp_path / "whole.csv")
    monkeypatch.setattr(records, "BLOCK_BYTES", 4_000)
    braver.seen.clear()
    told = []
    pieces = replay.run(
        hoops.settings,
        "hoops",
        "2",
        out=tmp_path / "pieces.csv",
        on_progress=lambda done, total: told.append((done, total)),
    )
    assert max(braver.seen) < 100 and told[-1] == (300, 300) and len(told) == len(braver.seen)
    assert (tmp_path / "whole.csv").read_bytes() == (tmp_path / "pieces.csv").read_bytes()
    for report in (whole, pieces):
        del report.summary["run_id"], report.summary["out"]
    for mean in ("mean_absolute_difference", "mean_probability"):
        assert pieces.summary.pop(mean) == pytest.approx(whole.summary.pop(mean))
    assert pieces.summary == whole.summary
    assert pieces.changed.equals(whole.changed)


def test_windows_sources_and_the_last_rows(hoops, braver):
    hoops.log(30)
    hoops.log(20, seed=1)
    rows = logged(hoops)
    cut = rows["logged_at"].iloc[-1].to_pydatetime()
    frame = hoops.rows(7, seed=2)
    chance = np.full(7, 0.25)
    open_log(hoops.settings, hoops.spec).append(
        frame, probability=chance, prediction=chance > 0.5, source="form", model_version="2"
    )

    def count(**chosen):
        return replay.run(hoops.settings, "hoops", "2", Which(**chosen)).summary["rows_read"]

    assert count() == 57
    assert count(since=cut) == 27
    assert count(until=cut) == 30
    assert count(last_rows=10) == 10
    assert count(source="form") == 7
    assert count(scored_by="1") == 50
    last = Which(source="batch", last_rows=25)
    report = replay.run(hoops.settings, "hoops", "2", last)
    assert report.summary["rows_read"] == 25
    assert report.summary["last_logged_at"] == cut.isoformat()
    with pytest.raises(NotReady, match="No logged row matches"):
        count(source="rest")
    with pytest.raises(NotReady, match="No logged row matches"):
        count(until=cut - timedelta(days=1))


def test_labels_that_came_late_count(hoops, braver):
    ids = hoops.log(60)
    path = hoops.settings.inference_log("hoops").with_name("late_labels.parquet")
    label = np.tile([0.0, 1.0], 20)
    io.write_table(pd.DataFrame({"prediction_id": ids[:40], "label": label}), path)
    said = replay.run(hoops.settings, "hoops", "2").summary
    assert said["labelled_rows"] == 40
    then = logged(hoops)["probability"].to_numpy()[:40]
    assert said["metrics"]["then"] == pytest.approx(binary_metrics(label, then).as_dict())


def test_rows_whose_columns_were_not_logged_are_counted_and_explained(hoops, monkeypatch):
    kinds = {"distance": "numeric", "angle": "numeric"}
    model = Braver(kinds)
    monkeypatch.setattr(models, "load_pipeline", lambda *_: model)
    hoops.log(12)
    with pytest.raises(NotReady, match=r"none of the 12 logged rows \(12 × angle: not logged then"):
        replay.run(hoops.settings, "hoops", "1")
    wide = InferenceLog(hoops.settings.inference_log("hoops"), list(kinds))
    frame = pd.DataFrame({"distance": [3.0, 30.0, 5.0], "angle": [0.5, 0.1, 0.2]})
    chance = np.full(3, 0.9)
    wide.append(
        frame, probability=chance, prediction=chance > 0.5, source="form", model_version="1"
    )
    said = replay.run(hoops.settings, "hoops", "1").summary
    assert (said["rows_read"], said["rows_replayed"], said["rows_skipped"]) == (15, 3, 12)
    assert said["skipped"] == {"angle: not logged then": 12}
    assert said["changed"]["to_negative"] == 1
    assert runs.recent(hoops.settings, "hoops")[1].status == "FAILED"


def test_values_that_the_version_cannot_read_are_counted(hoops, braver):
    hoops.log(4)
    odd = InferenceLog(hoops.settings.inference_log("hoops"), ["distance", "home", "zone"])
    frame = pd.DataFrame(
        {"distance": [1.0, None, 3.0], "home": ["yes", "no", "perhaps"], "zone": ["left"] * 3}
    )
    chance = np.full(3, 0.9)
    odd.append(frame, probability=chance, prediction=chance > 0.5, source="form", model_version="1")
    said = replay.run(hoops.settings, "hoops", "2").summary
    assert said["rows_replayed"] == 5
    assert said["skipped"] == {"distance: missing": 1, "home: not a yes/no value": 1}


def test_choices_that_there_are_not(hoops, braver, tmp_path):
    hoops.log(3)
    now = logged(hoops)["logged_at"].iloc[0].to_pydatetime()
    for which, words in (
        (Which(source="fax"), "form, batch, rest, cli; found 'fax'"),
        (Which(last_rows=0), "1 or more; found 0"),
        (Which(last_rows=5, since=now), "not both"),
        (Which(since=now, until=now), "before it begins"),
    ):
        with pytest.raises(BadInput, match=words):
            replay.run(hoops.settings, "hoops", "2", which)
    with pytest.raises(BadInput, match=r"\.parquet or \.csv"):
        replay.run(hoops.settings, "hoops", "2", out=tmp_path / "a.xlsx")
    with pytest.raises(BadInput, match="no version '9'"):
        replay.run(hoops.settings, "hoops", "9")
    assert runs.recent(hoops.settings, "hoops") == []


def test_an_empty_log(hoops, braver):
    with pytest.raises(NotReady, match="No prediction has been logged yet"):
        replay.run(hoops.settings, "hoops", "2")


def test_what_is_downloaded_runs_in_no_spreadsheet(hoops, braver):
    frame = pd.DataFrame({"distance": [14.0], "home": [True], "zone": ["=1+1"]})
    open_log(hoops.settings, hoops.spec).append(
        frame,
        probability=np.array([0.4]),
        prediction=np.array([0]),
        source="form",
        model_version="1",
    )
    report = replay.run(hoops.settings, "hoops", "2")
    assert report.changed["zone"].tolist() == ["=1+1"]
    assert b",'=1+1," in replay.changed_csv(report)


def test_from_the_terminal(hoops, braver, tmp_path, capsys):
    hoops.log(20)
    out = tmp_path / "again.csv"
    arguments = ["replay", "--project", "hoops", "--version", "v2", "--last", "8"]
    assert main([*arguments, "--out", str(out), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["rows_replayed"] == 8 and said["version"] == "2" and said["out"] == str(out)
    assert len(pd.read_csv(out)) == 8
    assert main([*arguments, "--since", "yesterday", "--json"]) == 2
    assert capsys.readouterr().out == ""


def test_an_output_that_cannot_be_written_is_named(hoops, tmp_path):
    hoops.log(5)
    (tmp_path / "a file").write_text("in the way")
    with pytest.raises(CourtsideError, match=r"^again\.parquet could not be written"):
        replay.run(hoops.settings, "hoops", "1", out=tmp_path / "a file" / "again.parquet")


def test_rows_logged_while_the_last_ones_are_counted_are_not_among_them(hoops, monkeypatch):
    hoops.log(20)
    counted = scoring_replay.count_matching

    def meanwhile(pieces, which):
        found = counted(pieces, which)
        hoops.log(7, seed=1)
        return found

    monkeypatch.setattr(scoring_replay, "count_matching", meanwhile)
    which = Which(source="batch", last_rows=5)
    assert replay.run(hoops.settings, "hoops", "1", which).summary["rows_replayed"] == 5
