"""How a project is watched: when to raise an alert, how loudly, and what to do then.

A project's specification gives the defaults under ``monitoring``; the Monitor page keeps changes
in a file of its own. All values are checked here, wherever they come from.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, get_args
from urllib.parse import urlsplit

from core.errors import BadInput

Loudness = Literal["off", "warning", "alarm"]
Action = Literal["tell", "prepare_retraining"]

_ONE_IN = re.compile(r"\s*1\s+in\s+(\d+)\s*", re.IGNORECASE)
_SMALLEST_RATE, _LARGEST_RATE = 0.0001, 0.2


@dataclass(frozen=True)
class MonitoringPolicy:
    """``drift`` and ``estimated`` are predictive rules, ``realised`` is the reactive one.

    Each says how loud its alerts may become. ``false_alarms`` is the share of windows that raise
    an alert though nothing has changed. A metric must fall by ``warning_drop`` to be told, by
    ``alarm_drop`` to be an alarm. Within ``quiet_hours`` the same rule is announced once.
    """

    false_alarms: float = 0.01
    drift: Loudness = "alarm"
    estimated: Loudness = "alarm"
    realised: Loudness = "alarm"
    warning_drop: float = 0.02
    alarm_drop: float = 0.05
    quiet_hours: float = 24.0
    action: Action = "tell"
    webhook: str = ""

    @property
    def windows_per_false_alarm(self) -> int:
        return round(1 / self.false_alarms)

    def changed(self, values: Mapping[str, Any]) -> MonitoringPolicy:
        """These values in place of its own; BadInput names the first that cannot be used."""
        unknown = [str(key) for key in values if key not in KEYS]
        if unknown:
            raise BadInput(f"{unknown[0]} is not known here; there are {', '.join(KEYS)}.")
        read = {key: _READERS[key](key, value) for key, value in values.items()}
        changed = replace(self, **read)
        if changed.alarm_drop < changed.warning_drop:
            raise BadInput(
                f"alarm_drop ({changed.alarm_drop:g}) must not be below warning_drop "
                f"({changed.warning_drop:g})."
            )
        return changed

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def _rate(key: str, value: Any) -> float:
    """``0.01`` or ``1 in 100``."""
    match = _ONE_IN.fullmatch(str(value))
    rate = 1 / max(int(match[1]), 1) if match else _number(key, value, 0, 1)
    if not _SMALLEST_RATE <= rate <= _LARGEST_RATE:
        raise BadInput(
            f"{key} is a share from {_SMALLEST_RATE:g} to {_LARGEST_RATE:g}, such as 0.01 or "
            f"1 in 100; found {value!r}."
        )
    return rate


def _number(key: str, value: Any, low: float, high: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        number = float("nan")
    else:
        try:
            number = float(value)
        except ValueError:
            number = float("nan")
    if not low <= number <= high:
        raise BadInput(f"{key} is a number from {low:g} to {high:g}; found {value!r}.")
    return number


def _drop(key: str, value: Any) -> float:
    return _number(key, value, 0, 1)


def _hours(key: str, value: Any) -> float:
    return _number(key, value, 0, 24 * 365)


def _loudness(key: str, value: Any) -> str:
    # YAML reads a bare `off` as false.
    chosen = "off" if value is False else str(value)
    return _one_of(key, chosen, get_args(Loudness))


def _action(key: str, value: Any) -> str:
    return _one_of(key, str(value), get_args(Action))


def _one_of(key: str, chosen: str, known: tuple[str, ...]) -> str:
    if chosen not in known:
        raise BadInput(f"{key} is {', '.join(known[:-1])} or {known[-1]}; found {chosen!r}.")
    return chosen


def check_webhook(key: str, value: Any) -> str:
    """A webhook's address, or nothing; BadInput says what is wrong without repeating it."""
    text = str(value or "").strip()
    if not text:
        return ""
    try:
        parts = urlsplit(text)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    # The address is not repeated: whoever knows it may post there.
    if not usable or any(sign.isspace() for sign in text):
        raise BadInput(f"{key} is an address that begins with https:// or http://.")
    return text


_READERS: dict[str, Any] = {
    "false_alarms": _rate,
    "drift": _loudness,
    "estimated": _loudness,
    "realised": _loudness,
    "warning_drop": _drop,
    "alarm_drop": _drop,
    "quiet_hours": _hours,
    "action": _action,
    "webhook": check_webhook,
}
KEYS = tuple(_READERS)
