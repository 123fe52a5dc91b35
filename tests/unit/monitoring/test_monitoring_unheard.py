"""What is not known of a version because other versions scored the rows that have labels."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from core.monitoring.unheard import HEARD, unheard_of


def window(**changes: Any) -> Any:
    usual = {
        "version": SimpleNamespace(version="12"),
        "first": "some time",
        "own_rows": 50,
        "labelled_rows": 0,
        "elsewhere": {},
    }
    return SimpleNamespace(**usual | changes)


@pytest.mark.parametrize(
    ("changes", "known", "todo"),
    [
        (
            {"own_rows": 0, "elsewhere": {"10": 2000, "9": 72}},
            "how v12 performs is not known yet: the 2,072 labelled rows were scored by v9 and v10",
            "score new rows with v12",
        ),
        (
            {"elsewhere": {"9": 1}},
            "how v12 performs is not known yet: the 1 labelled row was scored by v9",
            "bring labels of what v12 scored",
        ),
        (
            {"own_rows": 0},
            "how v12 performs is not known yet: it has scored none of these rows",
            "score new rows with v12",
        ),
    ],
)
def test_it_says_who_scored_them_and_what_mends_it(
    changes: dict[str, Any], known: str, todo: str
) -> None:
    found = unheard_of(window(**changes))
    assert (found.known, found.todo) == (known, todo)
    assert found.sentence == f"H{known[1:]}."


@pytest.mark.parametrize(
    "changes",
    [
        {},  # its own rows, no label of any
        {"labelled_rows": 5, "elsewhere": {"9": 100}},
        {"first": None, "own_rows": 0},  # a file that nobody scored
    ],
)
def test_nothing_is_unheard_where_it_scored_labelled_rows_or_nobody_scored_any(
    changes: dict[str, Any],
) -> None:
    assert unheard_of(window(**changes)) == HEARD
    assert HEARD.sentence == ""
