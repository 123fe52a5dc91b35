"""What a version must show before it is promoted: the section ``promotion`` of a specification."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from core.errors import BadInput

# Keys of the metrics that a gate can look at.
GATE_METRICS = (
    "roc_auc",
    "log_loss",
    "f1",
    "accuracy",
    "precision",
    "recall",
    "kappa",
    "mcc",
    "brier",
)


@dataclass(frozen=True)
class PromotionPolicy:
    """The gate of a project.

    ``metrics`` must not be shown to be worse than the champion's. In no slice may log loss be
    shown to be worse by more than ``slice_log_loss`` (nats). The expected calibration error may
    be ``calibration_error`` at most, a row's share of scoring the holdout ``microseconds_a_row``.
    With ``load_back`` the model as stored must give the figures that were logged. Where
    ``enforce`` is on, nobody promotes past a failed gate without a reason, terminal included.
    """

    metrics: tuple[str, ...] = ("roc_auc", "log_loss")
    slice_log_loss: float = 0.05
    calibration_error: float = 0.1
    microseconds_a_row: float = 1000.0
    load_back: bool = True
    enforce: bool = False

    def changed(self, values: Mapping[str, Any]) -> PromotionPolicy:
        """These values in place of its own; BadInput names the first that cannot be used."""
        unknown = [str(key) for key in values if key not in KEYS]
        if unknown:
            raise BadInput(f"{unknown[0]} is not a known key; there are {', '.join(KEYS)}")
        return replace(self, **{key: _read(key, value) for key, value in values.items()})


KEYS = tuple(field.name for field in fields(PromotionPolicy))


def _read(key: str, value: Any) -> Any:
    if key in ("load_back", "enforce"):
        if not isinstance(value, bool):
            raise BadInput(f"{key} is true or false; found {value!r}")
        return value
    if key == "metrics":
        names = [str(name) for name in value] if isinstance(value, list) else []
        wrong = [name for name in names if name not in GATE_METRICS]
        if wrong or not isinstance(value, list):
            raise BadInput(
                f"metrics is a list of {', '.join(GATE_METRICS)}; found "
                f"{', '.join(wrong) or repr(value)}"
            )
        return tuple(names)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < 1e9:
        raise BadInput(f"{key} is a number above 0; found {value!r}")
    return float(value)
