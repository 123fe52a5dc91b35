"""Hyperparameters as they are told to people and machines."""

from __future__ import annotations

import math
from typing import Any

import numpy as np


def plain(values: dict[str, Any]) -> dict[str, Any]:
    """Hyperparameters as JSON: numbers, text, truth values, None; anything else as its text."""
    return {name: _plain(value) for name, value in values.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value if isinstance(value, (bool, int, float, str, type(None))) else str(value)
