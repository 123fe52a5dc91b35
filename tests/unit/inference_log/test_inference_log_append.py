"""What an append writes, refuses and promises."""

from __future__ import annotations

import csv
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from core.errors import BadInput, CourtsideError, SchemaError
from core.inference_log import InferenceLog, Position, verify
from core.inference_log import batch as batch_module
from core.inference_log import writer as writer_module


def test_file_is_plain_csv_with_the_contracts_columns(log):
    frame = pd.DataFrame({"zone": ['a, "b"\nc', "", None], "distance": [1, 2, 3], "spare": 0})
    done = log.append(
        frame,
        probability=np.array([0.25, 0.5, 1.0]),
        prediction=np.array([0, 1, 1]),
        label=np.array([1.0, np.nan, 0.0]),
        source="form",
        model_version="7",
        request_id="=mine",
    )
    with log.path.open(newline="", encoding="utf-8") as stream:
        header, *rows = csv.reader(stream)
    assert header == [
        "logged_at",
        "prediction_id",
        "request_id",
        "source",
        "model_version",
        "distance",
        "zone",
        "probability",
        "prediction",
        "label",
    ]
    stamp = done.logged_at.isoformat(timespec="microseconds")
    assert [row[0] for row in rows] == [stamp] * 3 and stamp.endswith("+00:00")
    assert [row[1] for row in rows] == list(done.prediction_ids)
    assert [row[2:] for row in rows] == [
        ["=mine", "form", "7", "1", 'a, "b"\nc', "0.25", "0", "1"],
        ["=mine", "form", "7", "2", "", "0.5", "1", ""],
        ["=mine", "form", "7", "3", "", "1.0", "1", "0"],
    ]
    assert b"\r" not in log.path.read_bytes()


def test_ids_are_unique_and_sorted_even_where_a_request_id_repeats(log, add):
    ids = [*add(log, request_id="same").prediction_ids, *add(log, request_id="same").prediction_ids]
    assert len(set(ids)) == 6
    assert ids[:3] == sorted(ids[:3])
    assert set(log.read_from()[0]["request_id"]) == {"same"}


def test_given_ids_are_kept(log, add):
    assert list(add(log, prediction_ids=["x", 'y,"', "z"]).prediction_ids) == ["x", 'y,"', "z"]
    assert list(log.tail(2)["prediction_id"]) == ['y,"', "z"]


def test_repeated_given_ids_are_refused_within_a_batch_and_found_across(log, add):
    with pytest.raises(SchemaError, match="2 of them distinct"):
        add(log, prediction_ids=["x", "x", "z"])
    add(log, prediction_ids=["x", "y", "z"])
    add(log, prediction_ids=["z", "u", "v"])
    assert [p for p in verify(log.path) if "occur more than once, such as z" in p]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"probability": np.array([0.1, 1.5])}, "between 0 and 1"),
        ({"probability": np.array([0.1, np.nan])}, "between 0 and 1"),
        ({"probability": np.array([0.1])}, "shape"),
        ({"prediction": np.array([0, 2])}, "prediction is 0 or 1"),
        ({"label": np.array([0.5, 1.0])}, "label is 0, 1"),
        ({"source": "fax"}, "form, batch, rest, cli"),
        ({"frame": pd.DataFrame({"zone": ["a", "b"]})}, "distance not found"),
        ({"frame": pd.DataFrame({"zone": ["a", "b"], "distance": ["n", "m"]})}, "is numeric"),
        ({"frame": pd.DataFrame({"zone": [[1], [2]], "distance": 1})}, "'zone' holds list"),
        ({"frame": pd.DataFrame({"zone": ["\ud800", "b"], "distance": 1})}, "Unicode"),
    ],
)
def test_what_does_not_fit_is_refused_and_nothing_logged(log, wrong, message):
    fine = {
        "frame": pd.DataFrame({"zone": ["a", "b"], "distance": [1, 2]}),
        "probability": np.array([0.1, 0.2]),
        "prediction": np.array([0, 0]),
        "source": "cli",
        "model_version": "1",
    }
    given = {**fine, **wrong}
    with pytest.raises(SchemaError, match=message):
        log.append(given.pop("frame"), **given)
    assert log.rows() == 0


@pytest.mark.parametrize("columns", [[], ["a", "a"], ["label"], ["probability", "x"]])
def test_columns_that_the_log_cannot_hold_are_refused(tmp_path, columns):
    with pytest.raises(SchemaError, match="distinct names"):
        InferenceLog(tmp_path / "inference_log.csv", columns)


def test_kinds_that_are_none_are_refused(tmp_path):
    with pytest.raises(SchemaError, match="numeric, boolean, categorical; found"):
        InferenceLog(tmp_path / "inference_log.csv", ["a"], {"a": "text"})


def test_nothing_to_log_writes_nothing(log, add):
    assert add(log, rows=0).logged_at is None
    assert not log.path.exists()
    frame, place = log.read_from()
    assert frame.empty and place == Position(0, 0)
    assert list(frame.columns)[5:7] == ["distance", "zone"]


def test_batch_becomes_visible_as_a_whole(log, add, monkeypatch):
    monkeypatch.setattr(batch_module, "ROWS_AT_ONCE", 2)
    monkeypatch.setattr(batch_module, "_MEMORY_BYTES", 100)
    add(log)
    chunk = pd.DataFrame({"distance": range(5), "zone": "z"})
    with log.batch(source="batch", model_version="2", request_id="job") as batch:
        ids = [*batch.append(chunk, np.full(5, 0.5), np.ones(5))]
        assert log.rows() == 3
        ids += [*batch.append(chunk, np.full(5, 0.5), np.ones(5), np.zeros(5))]
        assert len(log.read_from()[0]) == 3
    assert batch.appended.rows == 10 and log.rows() == 13
    last = log.tail(10)
    assert list(last["prediction_id"]) == ids == sorted(set(ids))
    assert last["logged_at"].nunique() == 1
    assert last["label"].isna().sum() == 5
    assert verify(log.path) == []


def test_batch_that_raises_leaves_no_trace(log, add):
    add(log)
    before = log.path.read_bytes(), set(log.path.parent.iterdir())
    chunk = pd.DataFrame({"distance": [1], "zone": "z"})
    with (
        pytest.raises(ZeroDivisionError),
        log.batch(source="batch", model_version="2") as batch,
    ):
        batch.append(chunk, np.array([0.5]), np.array([1]))
        _ = 1 / 0
    assert (log.path.read_bytes(), set(log.path.parent.iterdir())) == before


def test_refused_chunk_leaves_the_batch_as_it_was(log, monkeypatch):
    monkeypatch.setattr(batch_module, "ROWS_AT_ONCE", 1)
    fine = pd.DataFrame({"distance": [1, 2], "zone": "z"})
    bad = pd.DataFrame({"distance": [3, "x"], "zone": "z"})
    with log.batch(source="batch", model_version="2") as batch:
        batch.append(fine, np.full(2, 0.5), np.ones(2))
        with pytest.raises(SchemaError):
            batch.append(bad, np.full(2, 0.5), np.ones(2))
        batch.append(fine, np.full(2, 0.5), np.ones(2))
    assert list(log.read_from()[0]["distance"]) == [1, 2, 1, 2]


def test_failed_write_is_taken_back(log, add, monkeypatch):
    add(log)
    before = log.path.read_bytes()

    def full_disk(handle):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(writer_module.os, "fsync", full_disk)
        with pytest.raises(CourtsideError, match="No space left on device"):
            add(log)
    assert log.path.read_bytes() == before
    assert add(log).healed is None
    assert log.rows() == 6


def test_time_never_runs_back(log, add, monkeypatch):
    first = add(log).logged_at

    class Earlier(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime(2001, 1, 1, tzinfo=UTC)

    monkeypatch.setattr(writer_module, "datetime", Earlier)
    assert add(log).logged_at == first
    assert verify(log.path) == []


def test_position_is_json_able():
    place = Position(3, 99)
    assert Position.from_json(place.as_json()) == place
    with pytest.raises(BadInput, match="Start again"):
        Position.from_json({"segment": "3"})
