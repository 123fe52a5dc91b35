"""What a retraining tries unless somebody chooses otherwise."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from core.dataset.spec import ModelPlan
from core.training.catalogue import CATALOGUE

# A line, and two that bend: production may need what training did not. An alarm waits for the
# outcome, and a fit of trees takes a hundred times as long as a line's: so few candidates of them
# that a good model is minutes away. The baseline stays in any case where none is better.
_CANDIDATES = {"lr": 20, "gbc": 5, "rf": 8}
_OTHERS, _SLOW = 20, 5


def algorithms() -> dict[str, str]:
    """Algorithms that this installation can train, by PyCaret's id, with their names."""
    return {name: one.title for name, one in CATALOGUE.items() if one.why_not is None}


def usual_algorithms() -> list[str]:
    """What a retraining tries."""
    return [name for name in _CANDIDATES if name in algorithms()]


def usual_candidates(chosen: Sequence[str], own: Iterable[ModelPlan]) -> dict[str, int]:
    """How many candidates of each: as in a project's ``own`` models, else affordable ones."""
    affordable = {name: _SLOW if CATALOGUE[name].slow else _OTHERS for name in chosen}
    counts = affordable | _CANDIDATES | {model.algorithm: model.candidates for model in own}
    return {name: counts[name] for name in chosen}
