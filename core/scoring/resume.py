"""Scorings that were killed: finish what was logged, drop what was not, tell whoever asks again."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from core.errors import CourtsideError
from core.inference_log import InferenceLog
from core.scoring.intent import Intent, IntentBook
from core.scoring.job import REJECTED, output_name

_log = logging.getLogger(__name__)
# Whoever scores the same file again later than that means it.
_TOLD_WITHIN_SECONDS = 7 * 24 * 3600.0

Fate = Literal["told", "running", "waiting"]


@dataclass(frozen=True)
class Wanted:
    """What somebody asks for now, and the names that the files of it shall have."""

    asked: str
    finals: Mapping[str, Path]


def settle(
    book: IntentBook,
    log: InferenceLog,
    complete: Callable[[Intent], None],
    close: Callable[[Intent], None],
    fate: Callable[[str], Fate],
    wanted: Wanted | None = None,
) -> None:
    """Bring every scoring that nobody works on any more to one of its two ends.

    ``complete`` puts on record one whose rows are logged and whose files have their names;
    ``close`` ends the record of one of which nothing is left; ``fate``: what became of a job. What
    fails is tried again the next time; CourtsideError only where it is what is ``wanted``.
    """
    for seen in book.all():
        with book.left(seen.request_id) as intent:
            if intent is None:
                continue
            if intent.finished:
                if _is_told(intent, fate):
                    book.remove(intent.request_id)
                continue
            same = wanted if wanted is not None and wanted.asked == intent.asked else None
            try:
                _end(book, log, complete, close, intent, same)
            except (CourtsideError, OSError) as exc:
                if same is not None and isinstance(exc, CourtsideError):
                    raise
                _log.warning("A scoring that was broken off is not finished yet: %s", exc)


def claim(
    book: IntentBook, wanted: Wanted, fate: Callable[[str], Fate], job_id: str
) -> Intent | None:
    """A finished scoring of what is wanted that nobody has been told of; None if there is none.

    Its files have the wanted names then. A job owns it from now on; anybody else is told by this,
    and leaves a job's for the retry of that job, which gets the files where they are.
    """
    for seen in book.all():
        if seen.asked != wanted.asked or not seen.finished:
            continue
        with book.left(seen.request_id) as intent:
            if intent is None or (intent.job_id and fate(intent.job_id) != "waiting"):
                continue
            if intent.told and not job_id:
                continue  # who asks once more means it
            claimed = intent if intent.told else _named(_rebound(book, intent, wanted))
            if job_id or intent.job_id:
                kept = {"job_id": job_id} if job_id else {"told": True}
                book.write(replace(claimed, **kept))
            else:
                book.remove(claimed.request_id)
            return claimed
    return None


def stored_result(intent: Intent) -> dict[str, Any]:
    """Its result as JSON, with the places where its files are now."""
    rejected = intent.targets.get(REJECTED)
    places = {
        "output": str(intent.targets[output_name(0)].final),
        "rejected": str(rejected.final) if rejected else None,
    }
    return {**intent.result, **places}


def note(intent: Intent, shown_as: str) -> str:
    """What to tell whoever asked for a file that was logged before."""
    logged = datetime.fromtimestamp(intent.ready_at, UTC)
    return (
        f"The last scoring of {shown_as} was interrupted after its {intent.rows:,} rows were "
        f"logged ({logged:%Y-%m-%d %H:%M} UTC). It is finished now and nothing was logged again; "
        "score the file once more if you mean to log it twice."
    )


def _end(
    book: IntentBook,
    log: InferenceLog,
    complete: Callable[[Intent], None],
    close: Callable[[Intent], None],
    intent: Intent,
    same: Wanted | None,
) -> None:
    if not intent.is_committed(log):
        intent.drop_files()
        close(intent)
        book.remove(intent.request_id)
        return
    named = _named(_rebound(book, intent, same) if same is not None else intent)
    complete(named)
    book.write(replace(named, finished=True))


def _rebound(book: IntentBook, intent: Intent, wanted: Wanted) -> Intent:
    """With the wanted names, which are written down before any file moves."""
    bound = intent.bound_for(wanted.finals)
    if bound != intent:
        book.write(bound)
    return bound


def _named(intent: Intent) -> Intent:
    try:
        intent.name_files()
    except OSError as exc:
        name = Path(exc.filename2 or exc.filename or "its file").name
        raise CourtsideError(
            f"{intent.rows:,} rows of this file are logged already, but {name} could not be put in "
            f"place ({exc.strerror or exc}). Mend that and ask for the same again: it is finished "
            "then, and nothing is logged twice."
        ) from exc
    return intent


def _is_told(intent: Intent, fate: Callable[[str], Fate]) -> bool:
    if intent.job_id:
        return fate(intent.job_id) == "told"
    return time.time() - intent.ready_at > _TOLD_WITHIN_SECONDS
