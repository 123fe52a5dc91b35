"""How rows of the log fall into windows."""

import numpy as np
import pandas as pd
import pytest

from core.errors import BadInput
from core.monitoring.windows import Cut, WindowKey


@pytest.fixture
def log():
    return pd.DataFrame(
        {
            "logged_at": pd.to_datetime(
                [
                    "2024-05-01T10:00:00.000001Z",
                    "2024-05-01T10:59:59Z",
                    "2024-05-01T23:59:59.999999Z",
                    "2024-05-05T09:00:00Z",
                    "2024-05-06T00:00:00Z",
                ],
                format="ISO8601",
            ),
            "request_id": ["a", "a", "b", "c", "d"],
            "source": ["batch", "batch", "rest", "cli", "rest"],
            "model_version": ["1", "1", "2", "1", "2"],
        }
    )


def cut_into(cut, log, first_row=0):
    return [(key.name, inside.tolist()) for key, inside in cut.pieces(log, first_row)]


def test_by_count_goes_on_where_the_piece_before_ended(log):
    assert cut_into(Cut("count", 2), log) == [("0", [0, 1]), ("1", [2, 3]), ("2", [4])]
    assert cut_into(Cut("count", 4), log, first_row=3) == [("0", [0]), ("1", [1, 2, 3, 4])]


@pytest.mark.parametrize(
    ("every", "expected"),
    [
        ("1h", [[0, 1], [2], [3], [4]]),
        ("1D", [[0, 1, 2], [3], [4]]),
        ("7D", [[0, 1, 2, 3], [4]]),  # the fifth of May is a Sunday
    ],
)
def test_by_hour_day_and_week(log, every, expected):
    assert [inside for _, inside in cut_into(Cut("time", every=every), log)] == expected


def test_a_window_of_time_is_named_by_its_start(log):
    cut = Cut("time", every="7D")
    key, _ = next(iter(cut.pieces(log, 0)))
    assert cut.label(key, "") == "2024-04-29"


def test_batches_are_windows_and_single_rows_are_gathered_by_day(log):
    found = [(key, inside.tolist()) for key, inside in Cut("batch").pieces(log, 0)]
    assert found == [
        (WindowKey("", "a"), [0, 1]),
        (WindowKey("rest", "2024-05-01 00:00"), [2]),
        (WindowKey("", "c"), [3]),
        (WindowKey("rest", "2024-05-06 00:00"), [4]),
    ]


def test_sources_and_versions_are_families_of_their_own(log):
    assert [(k.family, i.tolist()) for k, i in Cut("source").pieces(log, 0)] == [
        ("batch", [0, 1]),
        ("rest", [2, 4]),
        ("cli", [3]),
    ]
    cut = Cut("version")
    assert [(cut.label(k, ""), i.tolist()) for k, i in cut.pieces(log, 0)] == [
        ("v1", [0, 1, 3]),
        ("v2", [2, 4]),
    ]


@pytest.mark.parametrize("cut", [Cut("count", 2), Cut("time"), Cut("batch"), Cut("source")])
def test_keys_by_place_are_those_of_the_pieces(log, cut):
    families, names = cut.keys(log, np.arange(5) + 1)
    by_piece = {}
    for key, inside in cut.pieces(log, 1):
        by_piece |= dict.fromkeys(inside.tolist(), key)
    assert [WindowKey(f, n) for f, n in zip(families, names, strict=True)] == [
        by_piece[place] for place in range(5)
    ]


@pytest.mark.parametrize("cut", [Cut("count"), Cut("time"), Cut("batch"), Cut("version")])
def test_no_rows_are_no_windows(log, cut):
    assert list(cut.pieces(log[:0], 7)) == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("moon",), "Windows are cut by count, time"),
        (("count", 0), "1 to 10,000,000 rows; found 0"),
        (("time", 10, "1Y"), "Windows of time are 1h, 1D, 7D"),
    ],
)
def test_what_cannot_be_cut_is_refused(arguments, words):
    with pytest.raises(BadInput, match=words):
        Cut(*arguments)
