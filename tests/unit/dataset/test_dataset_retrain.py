"""Old and recent rows for a retraining: the latest judge, and no moment is on both sides."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from core.dataset import retrain
from core.dataset.prepare import prepare
from core.dataset.spec import ProjectSpec
from core.errors import BadInput, SchemaError


def dated(spec: ProjectSpec, frame: pd.DataFrame) -> tuple[ProjectSpec, pd.DataFrame]:
    """The frame with a day for every ten rows, newest first."""
    days = pd.Timestamp("2026-03-01") - pd.to_timedelta(np.arange(len(frame)) // 10, unit="D")
    return replace(spec, date="day"), frame.assign(day=days.strftime("%Y-%m-%d"))


def test_rows_of_a_file_stand_in_order_of_their_date(
    spec: ProjectSpec, frame: pd.DataFrame
) -> None:
    with_date, rows = dated(spec, frame)
    found = retrain.rows_of_file(rows, with_date, "new.csv")
    assert len(found.table) == len(frame)
    assert (np.diff(found.moment.astype("int64")) >= 0).all()
    oldest = rows.iloc[-10:]
    np.testing.assert_allclose(found.table["age"].iloc[:10], oldest["age"])
    assert {"decades", spec.target.column} <= set(found.table.columns)


def test_unlabelled_and_unusable_rows_are_counted(spec: ProjectSpec, frame: pd.DataFrame) -> None:
    rows = frame.copy()
    rows["left"] = rows["left"].astype(float)
    rows.loc[[0, 1], "left"] = np.nan
    rows.loc[[1, 2], "age"] = np.nan
    found = retrain.rows_of_file(rows, spec, "new.csv")
    assert (found.unlabelled, found.unusable, len(found.table)) == (2, 1, len(frame) - 3)


def test_a_date_that_is_none_is_refused(spec: ProjectSpec, frame: pd.DataFrame) -> None:
    with_date, rows = dated(spec, frame)
    rows.loc[3, "day"] = "soon"
    with pytest.raises(SchemaError, match=r"1 rows whose 'day' is no date"):
        retrain.rows_of_file(rows, with_date, "new.csv")


@pytest.mark.parametrize(
    ("moment", "share", "cut"),
    [
        ([1, 2, 3, 4], 0.5, 2),
        ([1, 1, 1, 2], 0.5, 3),  # the nearest change
        ([1, 2, 2, 2], 0.5, 1),
        ([7, 7, 7, 7], 0.5, 2),  # nothing tells the rows apart
    ],
)
def test_the_cut_lies_where_the_moment_changes(moment: list[int], share: float, cut: int) -> None:
    assert retrain.split_by_time(np.array(moment), share) == cut


def logged(frame: pd.DataFrame, *batches: int) -> list[tuple[pd.DataFrame, np.ndarray]]:
    """The frame's rows as the log gives them: so many of each batch, logged at one moment each."""
    pieces, start = [], 0
    for number, rows in enumerate(batches):
        moment = pd.Timestamp("2026-03-01 10:00:00", tz="UTC") + pd.Timedelta(hours=number)
        part = frame.iloc[start : start + rows]
        piece = part.assign(request_id=f"request{number}", logged_at=moment)
        pieces.append((piece, part["left"].to_numpy(float)))
        start += rows
    return pieces


@pytest.mark.parametrize(
    ("batches", "share", "cut", "places"),
    [
        ((200,), 0.5, 100, ("labelled row 100", "labelled row 101")),
        ((180, 20), 0.5, 100, ("labelled row 100", "labelled row 101")),
        ((180, 20), 0.3, 60, ("labelled row 60", "labelled row 61")),
        ((140, 60), 0.7, 140, ("2026-03-01 10:00:00", "2026-03-01 11:00:00")),
    ],
)
def test_the_log_is_cut_by_row_since_a_batch_is_logged_at_one_moment(
    spec: ProjectSpec,
    frame: pd.DataFrame,
    batches: tuple[int, ...],
    share: float,
    cut: int,
    places: tuple[str, str],
) -> None:
    old = prepare(frame, spec)
    recent = retrain.rows_of_log(logged(frame, *batches), (), replace(spec, date="day"))
    assert recent is not None
    renewal = retrain.renew(old.train, old.test, recent, share, spec)
    assert (renewal.added_rows, renewal.recent_rows) == (cut, 200 - cut)
    assert (renewal.learnt_until, renewal.judged_from) == places
    assert (renewal.learnt_share, renewal.asked_share, renewal.together) == (share, share, "")
    learnt = renewal.train["age"].iloc[renewal.old_train_rows :]
    np.testing.assert_allclose(learnt, frame["age"].iloc[:cut])  # in the order of the file
    newest = recent.newest(100)
    assert newest.places(newest.cut(0.5))[1] == "labelled row 151"


def test_rows_of_one_event_stay_on_one_side_and_the_share_tells_it(
    spec: ProjectSpec, frame: pd.DataFrame
) -> None:
    old = prepare(frame, spec)
    with_date, rows = dated(spec, frame)
    rows.loc[:129, "day"] = "2026-03-01"  # the newest 130 of 200 are of one day
    recent = retrain.rows_of_file(rows, with_date, "new.csv")
    renewal = retrain.renew(old.train, old.test, recent, 0.5, with_date)
    assert (renewal.added_rows, renewal.recent_rows) == (70, 130)
    assert (renewal.learnt_share, renewal.asked_share, renewal.together) == (0.35, 0.5, "day")


def test_a_row_of_a_file_without_times_is_named_by_its_place_in_it(
    spec: ProjectSpec, frame: pd.DataFrame
) -> None:
    rows = frame.copy()
    rows["left"] = rows["left"].astype(float)
    rows.loc[:9, "left"] = np.nan
    recent = retrain.rows_of_file(rows, spec, "new.csv")
    assert recent.places(recent.cut(0.5)) == ("row 105", "row 106")


def test_the_most_recent_rows_judge(spec: ProjectSpec, frame: pd.DataFrame) -> None:
    old = prepare(frame, spec)
    with_date, rows = dated(spec, frame)
    recent = retrain.rows_of_file(rows, with_date, "new.csv")
    renewal = retrain.renew(old.train, old.test, recent, 0.5, with_date)
    assert (renewal.added_rows, renewal.recent_rows) == (100, 100)
    assert renewal.learnt_until < renewal.judged_from
    pd.testing.assert_frame_equal(
        renewal.test.iloc[: renewal.old_test_rows], old.test.reset_index(drop=True)
    )
    newest = rows.sort_values("day", kind="stable")["age"].iloc[100:]
    np.testing.assert_allclose(renewal.test["age"].iloc[renewal.old_test_rows :], newest)


def test_the_newest_rows_alone(spec: ProjectSpec, frame: pd.DataFrame) -> None:
    recent = retrain.rows_of_file(frame, spec, "new.csv").newest(60)
    np.testing.assert_allclose(recent.table["age"], frame["age"].iloc[-60:])


def test_too_few_of_a_class(spec: ProjectSpec, frame: pd.DataFrame) -> None:
    old = prepare(frame, spec)
    recent = retrain.rows_of_file(frame, spec, "new.csv").newest(12)
    with pytest.raises(BadInput, match="at least 10 production rows of each class to learn from"):
        retrain.renew(old.train, old.test, recent, 0.5, spec)


@pytest.mark.parametrize("share", [0.0, 0.99, float("nan")])
def test_a_share_out_of_bounds(share: float) -> None:
    with pytest.raises(BadInput, match=r"0\.05 to 0\.95"):
        retrain.split_by_time(np.arange(10), share)
