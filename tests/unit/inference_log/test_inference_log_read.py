"""Readers see one table and pay for what they ask."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import pytest

from core.errors import BadInput, IntegrityError
from core.inference_log import InferenceLog, Position, RowSpan, rebuild, records, verify
from core.inference_log import batch as batch_module
from core.inference_log import index as index_module


@pytest.fixture
def bytes_read(monkeypatch):
    """The byte ranges of rows that were read, for as long as the test runs."""
    ranges: list[tuple[int, int]] = []
    read = records.read_bytes

    def counted(stream, start, stop):
        ranges.append((start, stop))
        return read(stream, start, stop)

    monkeypatch.setattr(records, "read_bytes", counted)
    return ranges


@pytest.fixture
def long_log(log, add, monkeypatch):
    """Twenty appends of 50 rows, each with a checkpoint, and when they were logged."""
    monkeypatch.setattr(index_module, "SPACING_BYTES", 1)
    return log, [add(log, rows=50, first=50 * i).logged_at for i in range(20)]


def total(ranges):
    return sum(stop - start for start, stop in ranges)


def test_reader_keeps_its_place_and_reads_only_new_rows(log, add, bytes_read):
    add(log, rows=200)
    first, place = log.read_from()
    assert place == log.end()
    add(log, rows=5, first=200)
    bytes_read.clear()
    new, after = log.read_from(Position.from_json(place.as_json()))
    assert list(new["distance"]) == list(range(200, 205))
    assert total(bytes_read) == after.byte - place.byte
    again, still = log.read_from(after)
    assert again.empty and still == after
    assert list(again.columns) == list(first.columns)


@pytest.mark.parametrize("block", [11, 100, 1 << 20])
def test_rows_can_be_read_a_few_at_a_time(log, add, monkeypatch, block):
    monkeypatch.setattr(records, "BLOCK_BYTES", block)
    add(log, rows=10)
    place, seen, sizes = None, [], []
    while not sizes or sizes[-1]:
        frame, place = log.read_from(place, max_rows=4)
        seen += list(frame["distance"])
        sizes.append(len(frame))
    assert seen == list(range(10)) and sizes == [4, 4, 2, 0]


def test_positions_outside_the_log_are_refused(log, add):
    add(log)
    end = log.end()
    for place in (Position(1, end.byte + 1), Position(2, 0), Position(1, end.byte - 1)):
        with pytest.raises(BadInput, match="from the start"):
            log.read_from(place)
    with pytest.raises(BadInput, match="at least 1"):
        log.read_from(max_rows=0)


@pytest.mark.parametrize("rows", [0, 1, 49, 50, 51, 1000, 2000])
def test_tail_is_the_end_of_the_whole(long_log, rows):
    log, _ = long_log
    whole, _ = log.read_from()
    assert list(log.tail(rows)["prediction_id"]) == list(whole["prediction_id"])[-rows or 1000 :]


@pytest.mark.parametrize("span", [(0, 1), (49, 2), (120, 500), (990, 50), (1000, 5), (0, 5000)])
def test_a_span_is_those_rows_and_reads_little_else(long_log, bytes_read, span):
    log, _ = long_log
    bytes_read.clear()
    pieces = list(log.stream(span=RowSpan(*span)))
    found = [value for piece in pieces for value in piece["distance"]]
    assert found == list(range(1000))[span[0] : sum(span)]
    if span[0] > 900:
        assert total(bytes_read) < log.end().byte / 15


def test_a_span_goes_over_segments(log, add):
    add(log, rows=30)
    other = InferenceLog(log.path, ["zone"], {"zone": "categorical"})
    add(other, rows=30)
    first, second = other.stream(span=RowSpan(20, 20))
    assert first["distance"].tolist() == list(range(20, 30))
    assert second["zone"].tolist() == [f"zone-{place}" for place in range(10)]


def test_only_rows_whose_own_columns_hold_what_is_asked(log, add):
    add(log, rows=30)
    add(log, rows=20, first=30, source="rest", model_version="2")
    [piece] = log.stream(where={"source": "rest", "model_version": "2"})
    assert piece["distance"].tolist() == list(range(30, 50))
    assert list(log.stream(where={"source": "rest", "model_version": "1"})) == []


@pytest.mark.parametrize("span", [(-1, 5), (0, 0)])
def test_a_span_of_no_rows_is_refused(span):
    with pytest.raises(BadInput, match="1 row or more"):
        RowSpan(*span)


def test_tail_reads_only_the_end(long_log, bytes_read):
    log, _ = long_log
    log.tail(10)
    assert 0 < total(bytes_read) < log.end().byte / 15


def test_tail_of_one_large_append_reads_only_its_end(log, add, bytes_read, monkeypatch):
    monkeypatch.setattr(batch_module, "ROWS_AT_ONCE", 50)
    monkeypatch.setattr(index_module, "SPACING_BYTES", 1)
    add(log, rows=1000)
    assert list(log.tail(3)["distance"]) == [997, 998, 999]
    assert 0 < total(bytes_read) < log.end().byte / 15


def test_window_is_half_open_and_reads_only_what_it_touches(long_log, bytes_read):
    log, times = long_log
    window = log.read_window(times[7], times[9])
    expected = [i for i, t in enumerate(np.repeat(times, 50)) if times[7] <= t < times[9]]
    assert list(window["distance"]) == expected and len(expected) >= 50
    # The append before the window may be read too: its last rows could bear the same time.
    assert total(bytes_read) < log.end().byte * 4 / 20


def test_window_is_right_without_an_index(long_log):
    log, times = long_log
    expected = log.read_window(times[3], times[5])
    log.path.with_name("inference_log.index.jsonl").write_text('{"segment": 1, "by\n[]\n')
    assert log.read_window(times[3], times[5]).equals(expected)
    assert list(log.tail(2)["distance"]) == [998, 999]


def test_open_windows(long_log):
    log, times = long_log
    assert len(log.read_window()) == 1000
    assert log.read_window(times[-1] + timedelta(microseconds=1)).empty
    assert log.read_window(until=times[0]).empty
    assert len(log.read_window(since=times[0])) == 1000
    with pytest.raises(BadInput, match="time zone"):
        log.read_window(datetime(2026, 1, 1))


def test_other_columns_begin_a_segment_and_readers_see_one_table(log, add):
    add(log)
    _, place = log.read_from()
    other = InferenceLog(log.path, ["zone", "angle"], {"zone": "categorical"})
    add(other, rows=2)
    third = InferenceLog(log.path, ["distance", "zone"])
    add(third, rows=1, first=9)

    names = sorted(path.name for path in log.path.parent.glob("*.csv"))
    assert names == ["inference_log.0001.csv", "inference_log.0002.csv", "inference_log.csv"]
    whole, end = log.read_from()
    assert list(whole.columns)[5:8] == ["distance", "zone", "angle"]
    assert whole["distance"].fillna(-1).tolist() == [0, 1, 2, -1, -1, 9]
    assert whole["angle"].isna().tolist() == [True] * 3 + [False] * 2 + [True]
    new, after = log.read_from(place)
    assert len(new) == 3 and after == end == Position(3, log.path.stat().st_size)
    assert log.read_from(place, max_rows=2)[1].segment == 2
    assert log.tail(3)["prediction_id"].tolist() == whole["prediction_id"].tolist()[3:]
    assert len(log.read_window(whole["logged_at"].iloc[3].to_pydatetime())) == 3
    assert log.rows() == 6 and verify(log.path) == []
    rebuild(log.path)
    assert log.read_from(place)[0].equals(new)


def test_numeric_text_from_another_hand_is_named(log, add):
    add(log)
    strict = InferenceLog(log.path, ["distance", "zone"], {"zone": "numeric"})
    with pytest.raises(IntegrityError, match=r"'zone'.*should be numeric.*zone-0"):
        strict.read_from()
