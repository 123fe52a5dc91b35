import pandas as pd
import pytest

from core.errors import BadInput, SchemaError
from core.monitoring import windows
from core.monitoring.profile import build_profile
from core.monitoring.windows import WindowCounts


@pytest.fixture
def log():
    return pd.DataFrame(
        {
            "logged_at": [
                "2024-05-01T10:00:00.000001Z",
                "2024-05-02T09:00:00Z",
                "2024-05-01T23:59:59.999999+00:00",
                "2024-05-02T11:00:00+02:00",
            ],
            "request_id": ["a", "b", "a", "c"],
            "model_version": [1, 2, 1, 2],
        }
    )


def test_between_includes_the_start_and_not_the_end(log):
    chosen = windows.between(log, "2024-05-01T10:00:00.000001", "2024-05-02T09:00:00")
    assert chosen.index.tolist() == [0, 2]
    assert windows.between(log, since="2024-05-02").index.tolist() == [1, 3]
    assert len(windows.between(log)) == 4


def test_last_goes_by_time_and_keeps_the_order(log):
    assert windows.last(log, 3).index.tolist() == [1, 2, 3]
    assert len(windows.last(log, 99)) == 4


def test_windows_by_time(log):
    by_day = windows.by_time(log)
    assert [window.label for window in by_day] == ["2024-05-01", "2024-05-02"]
    assert [window.rows.index.tolist() for window in by_day] == [[0, 2], [1, 3]]


def test_windows_by_count_are_in_order_of_time(log):
    by_count = windows.by_count(log, 3)
    assert [window.label for window in by_count] == ["rows 1 to 3", "rows 4 to 4"]
    assert by_count[0].rows.index.tolist() == [0, 2, 1]


def test_windows_by_request_and_version(log):
    assert [window.label for window in windows.by_request(log)] == ["a", "b", "c"]
    assert [window.rows.index.tolist() for window in windows.by_version(log)] == [[0, 2], [1, 3]]


def test_an_empty_log_has_no_windows(log):
    empty = log[:0]
    assert windows.by_time(empty) == windows.by_count(empty, 2) == windows.by_request(empty) == []
    assert windows.last(empty, 2).empty
    assert windows.between(empty, since="2024-05-01").empty


def test_bad_input_is_named(log):
    with pytest.raises(BadInput, match="Expected times such as"):
        windows.between(log, since="yesterday")
    with pytest.raises(BadInput, match="column logged_at"):
        windows.by_time(log.drop(columns="logged_at"))
    with pytest.raises(BadInput, match="column request_id"):
        windows.by_request(log.drop(columns="request_id"))
    with pytest.raises(BadInput, match="rows to be 1 or more, found 0"):
        windows.by_count(log, 0)


def test_counts_of_parts_add_up_to_the_whole(profile, population):
    window, _, _ = population(300, seed=3)
    whole, parts, other = (WindowCounts(profile) for _ in range(3))
    whole.update(window)
    parts.update(window[:100])
    parts.update(window[100:180])
    other.update(window[180:])
    merged = parts.merge(other)
    assert merged.counts == whole.counts
    assert merged.psi() == whole.psi()
    assert (parts.rows, other.rows, merged.rows) == (180, 120, 300)


def test_counts_give_the_psi_of_the_drift_report(profile, population):
    from core.monitoring.drift import feature_drift

    window, _, _ = population(300, seed=3)
    counted = WindowCounts(profile)
    counted.update(window)
    assert counted.psi() == {one.name: one.psi for one in feature_drift(profile, window)}


def test_counts_against_other_bins_cannot_be_merged(profile, population):
    frame, _, _ = population(100, seed=9)
    other = build_profile(frame, {"zone": "categorical"})
    with pytest.raises(BadInput, match="two reference profiles"):
        WindowCounts(profile).merge(WindowCounts(other))


def test_an_update_that_lacks_a_column_counts_nothing(profile, population):
    counted = WindowCounts(profile)
    with pytest.raises(SchemaError):
        counted.update(population(10)[0].drop(columns="zone"))
    assert counted.rows == 0
