"""What a training may be told besides its algorithms: time, decision, weights, probabilities.

A project's own choices stand under ``training`` of its specification; the page and the terminal
start from them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from core.errors import BadInput
from core.signs import minus

CALIBRATIONS = ("none", "sigmoid", "isotonic")
CLASS_WEIGHTS = ("none", "balanced")
OPTIONS = ("minutes", "threshold", "class_weights", "calibration", "find_best")
_MOST_MINUTES = 7 * 24 * 60


@dataclass(frozen=True)
class ThresholdRule:
    """How the probability above which a row counts as positive is found.

    ``fixed``: it is ``value``. ``f1`` and ``youden``: what is best on cross-validated training
    rows. ``cost``: what is cheapest there if a false negative costs ``value`` false positives.
    """

    kind: str = "fixed"
    value: float = 0.5

    @classmethod
    def read(cls, text: str) -> ThresholdRule:
        """From ``0.5``, ``f1``, ``youden`` or ``cost:5``; BadInput says what cannot be."""
        kind, _, number = text.strip().lower().partition(":")
        if kind in ("f1", "youden") and not number:
            return cls(kind)
        try:
            rule = cls("cost", float(number)) if kind == "cost" else cls("fixed", float(kind))
        except ValueError:
            rule = cls("unknown")
        if rule.kind == "unknown" or rule.why_not is not None:
            raise BadInput(
                "The threshold is a number between 0 and 1, f1, youden, or cost:N with N above 0, "
                f"what a false negative costs in false positives; found {text!r}."
            )
        return rule

    def __str__(self) -> str:
        """The text that ``read`` takes."""
        if self.kind == "fixed":
            return repr(self.value)
        return f"cost:{self.value!r}" if self.kind == "cost" else self.kind

    @property
    def why_not(self) -> str | None:
        """What is wrong with its number; None where nothing is."""
        if self.kind == "cost" and not 0 < self.value < math.inf:
            return f"A miss costs more than 0 false alarms; found {_figure(self.value)}."
        if self.kind == "fixed" and not 0 < self.value < 1:
            return f"The threshold lies above 0 and below 1; found {_figure(self.value)}."
        return None

    @property
    def words(self) -> str:
        """How it was chosen, after its number."""
        return {
            "fixed": "as given",
            "f1": "with the best F1 in cross-validation",
            "youden": "with the best Youden's J in cross-validation",
            "cost": f"cheapest in cross-validation, a miss costing {self.value:g} false alarms",
        }[self.kind]


@dataclass(frozen=True)
class Options:
    """Every default leaves a training as the project's own plan has it.

    ``minutes``: how long comparing and tuning may take, None for as long as they need.
    ``find_best``: tune only so many of the algorithms, the best by cross-validated ROC AUC.
    """

    minutes: float | None = None
    threshold: ThresholdRule = field(default_factory=ThresholdRule)
    class_weights: str = "none"
    calibration: str = "none"
    find_best: int | None = None

    def __post_init__(self) -> None:
        """BadInput where a choice is not one; it names all of them."""
        if wrong := " ".join(self._wrong()):
            raise BadInput(wrong)

    def _wrong(self) -> Iterator[str]:
        if self.minutes is not None and not (
            _is_number(self.minutes) and 0 < self.minutes <= _MOST_MINUTES
        ):
            yield (
                f"The time budget is a number above 0 and at most {_MOST_MINUTES:,} minutes; "
                f"found {_figure(self.minutes)}."
            )
        if why_not := self.threshold.why_not:
            yield why_not
        for name, value, known in (
            ("class weights", self.class_weights, CLASS_WEIGHTS),
            ("calibration", self.calibration, CALIBRATIONS),
        ):
            if value not in known:
                yield f"For {name} choose one of {', '.join(known)}; found {value!r}."
        best = self.find_best
        if best is not None and not (_is_number(best) and best == int(best) >= 1):
            yield f"How many of the best algorithms to tune is 1 or more; found {best!r}."

    def changed(self, changes: Mapping[str, Any]) -> Options:
        """These options with those of ``changes`` that are given, i.e. not None, by their keys."""
        given = {key: changes[key] for key in OPTIONS if changes.get(key) is not None}
        return self.from_json({**self.to_json(), **given})

    def to_json(self) -> dict[str, Any]:
        return {
            "minutes": self.minutes,
            "threshold": str(self.threshold),
            "class_weights": self.class_weights,
            "calibration": self.calibration,
            "find_best": self.find_best,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Options:
        """Plans of older jobs lack some or all keys: they get the defaults."""
        plain = {key: value[key] for key in OPTIONS if key in value and key != "threshold"}
        return cls(threshold=ThresholdRule.read(str(value.get("threshold", 0.5))), **plain)


def _figure(value: object) -> str:
    """A number as people write it, anything else as it is."""
    return minus(f"{value:g}") if isinstance(value, (int, float)) else repr(value)


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
