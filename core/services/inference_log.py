"""The inference log looked at and looked after: its rows and files, is it whole, its index anew."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from core import inference_log
from core.dataset import spec as specs
from core.errors import IntegrityError, NotReady
from core.scoring.log import open_log
from core.settings import Settings

if TYPE_CHECKING:
    import pandas as pd


def recent_rows(settings: Settings, project: str, rows: int = 50) -> pd.DataFrame:
    """The last rows of the inference log, newest first; reads only the end of it."""
    spec = specs.load(settings.spec_file(project))
    return open_log(settings, spec).tail(rows).iloc[::-1]


def status(settings: Settings, project: str) -> dict[str, Any]:
    """The log's files and rows, by its sidecar; reads no row. Raises IntegrityError if damaged."""
    path = settings.inference_log(project)
    found = inference_log.survey(path)
    return {
        "project": project,
        "log": str(path),
        "rows": found.rows,
        "last_logged_at": found.last_logged_at or None,
        "segments": [asdict(segment) for segment in found.segments],
        "torn": list(found.torn),
    }


def verify(settings: Settings, project: str) -> dict[str, Any]:
    """Read every row and say what is wrong; ``whole`` is True if nothing is."""
    path = settings.inference_log(project)
    found = inference_log.examine(path)
    return {
        "project": project,
        "log": str(path),
        "whole": not found.problems,
        "rows": found.rows,
        "problems": list(found.problems),
        "notes": list(found.notes),
    }


def rebuild(settings: Settings, project: str) -> dict[str, Any]:
    """Make what is derived from the CSV files anew and say how many rows count, before and now.

    Raises NotReady where nothing is logged, IntegrityError where a file is not a log's.
    """
    path = settings.inference_log(project)
    before = _rows_before(settings, project)
    if before == 0 and not path.exists():
        raise NotReady(f"{project} has no inference log yet; score something first.")
    inference_log.rebuild(path)
    return {**status(settings, project), "rows_before": before}


def _rows_before(settings: Settings, project: str) -> int | None:
    """Rows that counted; None where the sidecar cannot tell."""
    try:
        return inference_log.survey(settings.inference_log(project)).rows
    except IntegrityError:
        return None
