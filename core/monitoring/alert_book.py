"""Alerts as they are kept: an append-only file of events, folded into what is open and what was.

Each line is one event: ``opened``, ``level`` (an open alert became louder or quieter),
``acknowledged`` with a note, ``resolved``, ``announced``, ``not_announced``. Nothing is ever
changed, so who did what and when can be read in the file. Appending is safe from any number of
threads and processes; a line torn by a crash is skipped.
"""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from core.errors import BadInput, CourtsideError
from core.files import file_lock
from core.monitoring.policy import Alert

LOUD = ("warning", "alarm")
FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=1)
MOST_RETRIES = 8  # over about four hours
_LONGEST_NOTE = 2000
_TEXTS = ("rule", "level", "message", "version")


@dataclass(frozen=True)
class KeptAlert:
    """One alert through its life. Times are UTC; None or empty where it has not come to that.

    ``announced_level`` is the loudest level told to the webhook; ``failures`` counts how often
    telling has failed since, the last time at ``failed_at``.
    """

    alert_id: str
    rule: str
    level: str
    message: str
    version: str
    run_id: str
    opened_at: datetime
    acknowledged_at: datetime | None = None
    note: str = ""
    resolved_at: datetime | None = None
    resolution: str = ""
    announced_at: datetime | None = None
    announced_level: str = ""
    failure: str = ""
    failures: int = 0
    failed_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        return self.resolved_at is None


@dataclass(frozen=True)
class Recorded:
    """What a check did to the book."""

    opened: tuple[KeptAlert, ...]
    resolved: tuple[KeptAlert, ...]
    still_open: tuple[KeptAlert, ...]


class AlertBook:
    """The alerts of one project, in ``path`` (JSON lines)."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def alerts(self) -> list[KeptAlert]:
        """All of them: open ones first, alarms before warnings, the newest first within."""
        folded = _fold(self._events())
        return sorted(
            folded.values(),
            key=lambda one: (not one.is_open, one.level != "alarm", -one.opened_at.timestamp()),
        )

    def open_alerts(self) -> list[KeptAlert]:
        return [one for one in self.alerts() if one.is_open]

    def record(
        self, found: Sequence[Alert], judged: Collection[str], run_id: str, version: str
    ) -> Recorded:
        """Take in a check's alerts: new rules open, known ones stay, those that ended resolve.

        ``judged`` are the rules on which this check could say anything: an open alert whose rule
        is among them and was not found again is resolved. The others stay as they are.
        """
        loud = {alert.rule: alert for alert in found if alert.level in LOUD}
        with self._changing() as events:
            known = {one.rule: one for one in _fold(events).values() if one.is_open}
            fresh = []
            for rule, alert in loud.items():
                if rule not in known:
                    fresh.append(_opened(alert, run_id, version))
                elif known[rule].level != alert.level:
                    fresh.append(
                        _event(
                            "level",
                            known[rule].alert_id,
                            level=alert.level,
                            message=alert.message,
                            run_id=run_id,
                        )
                    )
            ended = [one for rule, one in known.items() if rule in judged and rule not in loud]
            for one in ended:
                fresh.append(
                    _event("resolved", one.alert_id, note="no longer found", run_id=run_id)
                )
            moment = datetime.now(UTC).isoformat()  # one check, one moment: its order is kept
            fresh = [{**event, "at": moment} for event in fresh]
            self._append(fresh)
            folded = _fold([*events, *fresh])
        new = {event["id"] for event in fresh if event["event"] == "opened"}
        gone = {one.alert_id for one in ended}
        return Recorded(
            tuple(one for name, one in folded.items() if name in new),
            tuple(one for name, one in folded.items() if name in gone),
            tuple(one for name, one in folded.items() if one.is_open and name not in new),
        )

    def acknowledge(self, alert_id: str, note: str) -> None:
        """Say that somebody has seen it; BadInput if it is unknown or no longer open."""
        with self._changing() as events:
            self._require_open(events, alert_id)
            self._append([_event("acknowledged", alert_id, note=note.strip()[:_LONGEST_NOTE])])

    def resolve(self, alert_id: str, note: str) -> None:
        """Close it by hand; a check that finds it again opens a new one."""
        with self._changing() as events:
            self._require_open(events, alert_id)
            self._append([_event("resolved", alert_id, note=note.strip()[:_LONGEST_NOTE])])

    def pending(self, quiet_hours: float, now: datetime | None = None) -> list[KeptAlert]:
        """Open alerts to be told: not told at this level yet, and their rule not within quiet time.

        What became an alarm after it was told as a warning is told at once.
        """
        now = now or datetime.now(UTC)
        all_of_them = self.alerts()
        return [
            one
            for one in all_of_them
            if one.is_open and not _told(one, all_of_them, now - timedelta(hours=quiet_hours))
        ]

    def due(self, quiet_hours: float, now: datetime | None = None) -> list[KeptAlert]:
        """Those of ``pending`` that nobody is telling and that it is time to try again.

        Pauses double, from a minute to an hour. After 8 failures only a recorded check tries again,
        so the book of an address that never answers does not grow by being looked at.
        """
        now = now or datetime.now(UTC)
        return [one for one in self.pending(quiet_hours, now) if _try_again(one, now)]

    def announced(self, alerts: Iterable[KeptAlert]) -> None:
        """Keep that these were told."""
        with self._changing():
            self._append([_event("announced", one.alert_id, level=one.level) for one in alerts])

    def not_announced(self, alerts: Iterable[KeptAlert], reason: str) -> None:
        """Keep that telling failed, and why."""
        with self._changing():
            self._append([_event("not_announced", one.alert_id, reason=reason) for one in alerts])

    @contextmanager
    def telling(self) -> Iterator[bool]:
        """Held while alerts are told, so that two checks at once do not tell them twice.

        False where somebody else is at it.
        """
        with ExitStack() as stack:
            lock = file_lock(self.path.with_suffix(".telling.lock"), timeout_seconds=0.1)
            try:
                stack.enter_context(lock)
            except CourtsideError:
                mine = False
            else:
                mine = True
            yield mine

    @staticmethod
    def _require_open(events: Sequence[Mapping[str, Any]], alert_id: str) -> None:
        found = _fold(events).get(alert_id)
        if found is None or not found.is_open:
            raise BadInput("That alert is not open any more; reload the page to see what is.")

    @contextmanager
    def _changing(self) -> Iterator[list[dict[str, Any]]]:
        with file_lock(self.path.with_suffix(".lock")):
            yield self._events()

    def _events(self) -> list[dict[str, Any]]:
        try:
            lines = self.path.read_bytes().splitlines()
        except FileNotFoundError:
            return []
        return [event for line in lines if (event := _parsed(line)) is not None]

    def _append(self, events: Sequence[Mapping[str, Any]]) -> None:
        """One write, on disk when it returns; a torn line before it is ended first."""
        if not events:
            return
        text = "".join(json.dumps(event, ensure_ascii=False) + "\n" for event in events)
        with self.path.open("a+b") as stream:
            if stream.seek(0, os.SEEK_END):
                stream.seek(-1, os.SEEK_END)
                text = text if stream.read(1) == b"\n" else "\n" + text
            stream.write(text.encode("utf-8"))
            stream.flush()
            os.fsync(stream.fileno())


def _opened(alert: Alert, run_id: str, version: str) -> dict[str, Any]:
    return _event(
        "opened",
        uuid4().hex[:12],
        rule=alert.rule,
        level=alert.level,
        message=alert.message,
        run_id=run_id,
        version=version,
    )


def _event(event: str, alert_id: str, **more: Any) -> dict[str, Any]:
    return {"at": datetime.now(UTC).isoformat(), "event": event, "id": alert_id, **more}


def _parsed(line: bytes) -> dict[str, Any] | None:
    try:
        event = json.loads(line)
        datetime.fromisoformat(event["at"])
        return event if isinstance(event["id"], str) and isinstance(event["event"], str) else None
    except (ValueError, TypeError, KeyError):
        return None


def _fold(events: Iterable[Mapping[str, Any]]) -> dict[str, KeptAlert]:
    """Every alert as it stands after all events, in the order of opening."""
    found: dict[str, KeptAlert] = {}
    for event in events:
        name, at = event["id"], datetime.fromisoformat(event["at"])
        if event["event"] == "opened":
            texts: dict[str, Any] = {k: str(event.get(k, "")) for k in _TEXTS}
            found[name] = KeptAlert(
                name, run_id=str(event.get("run_id", "")), opened_at=at, **texts
            )
        elif name in found:
            found[name] = replace(found[name], **_changes(found[name], event, at))
    return found


def _changes(alert: KeptAlert, event: Mapping[str, Any], at: datetime) -> dict[str, Any]:
    kind, note = event["event"], str(event.get("note", ""))
    if kind == "acknowledged":
        return {"acknowledged_at": at, "note": note}
    if kind == "resolved":
        return {"resolved_at": at, "resolution": note}
    if kind == "level":
        return {"level": str(event.get("level")), "message": str(event.get("message"))}
    if kind == "announced":
        told = {"announced_at": at, "announced_level": str(event.get("level"))}
        return {**told, "failure": "", "failures": 0, "failed_at": None}
    if kind == "not_announced":
        failures = alert.failures + 1
        return {"failure": str(event.get("reason", "")), "failures": failures, "failed_at": at}
    return {}


def _try_again(alert: KeptAlert, now: datetime) -> bool:
    if alert.failed_at is None:
        return now - alert.opened_at >= FIRST_PAUSE  # until then whoever recorded it tells it
    pause = min(FIRST_PAUSE * 2 ** (alert.failures - 1), LONGEST_PAUSE)
    return alert.failures <= MOST_RETRIES and now - alert.failed_at >= pause


def _told(alert: KeptAlert, everything: Iterable[KeptAlert], since: datetime) -> bool:
    def loud_enough(level: str) -> bool:
        return level in ("alarm", alert.level)

    if alert.announced_at is not None and loud_enough(alert.announced_level):
        return True
    return any(
        one.rule == alert.rule
        and one.announced_at is not None
        and one.announced_at >= since
        and loud_enough(one.announced_level)
        for one in everything
    )
