"""One row on the court: where a click puts it, and what the model says from everywhere else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from core.dataset.placing import Placing
from core.dataset.spec import ProjectSpec
from core.scoring.row import one_row
from core.settings import Settings
from core.tracking import models
from core.tracking.registry import Version

if TYPE_CHECKING:
    import pandas as pd
    from plotly.graph_objects import Figure

_SHOWN_ON_COURT = 800


def on_court(spec: ProjectSpec, values: Mapping[str, Any]) -> tuple[float, float]:
    """Where a row's shot is taken, in feet from the basket; nan where it does not say."""
    import pandas as pd

    names = [name for name in spec.raw_columns if spec.kinds[name] == "numeric"]
    known = {name: np.nan if values.get(name) is None else values[name] for name in names}
    x, y = _positions(spec, pd.DataFrame([known], dtype=float))
    return float(x[0]), float(y[0])


def placed_at(placing: Placing, x: float, y: float) -> dict[str, float]:
    """The columns that a click at (x, y) feet sets, with their values."""
    found = placing.columns_at(np.array([x]), np.array([y]))
    return {name: float(values[0]) for name, values in found.items()}


def pick_figure(spec: ProjectSpec, training: pd.DataFrame, values: Mapping[str, Any]) -> Figure:
    """The row among training's shots (m, raw columns), with targets for a click."""
    from core.scoring import court_figures

    shown = _positions(spec, training.head(_SHOWN_ON_COURT))
    return court_figures.pick_figure(on_court(spec, values), shown)


def near_figure(
    spec: ProjectSpec, near: pd.DataFrame, outcome: np.ndarray, values: Mapping[str, Any]
) -> Figure:
    """The row and its nearest training rows (n, raw columns), by ``outcome`` (n,)."""
    from core.scoring import court_figures

    x, y = _positions(spec, near)
    words = (spec.target.positive_words, spec.target.negative_words)
    return court_figures.neighbours_figure(on_court(spec, values), (x, y, outcome), words)


def map_figure(
    settings: Settings,
    spec: ProjectSpec,
    version: Version,
    placing: Placing,
    values: Mapping[str, Any],
) -> Figure:
    """The probability from everywhere on the court, all else as in the row; never logged."""
    from core.scoring import court_figures, what_if

    pipeline = models.load_pipeline(settings, version)
    found = what_if.over_court(pipeline, one_row(values, spec), placing)
    return court_figures.map_figure(found, on_court(spec, values), spec.target.positive_words)


def _positions(spec: ProjectSpec, rows: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Feet from the basket of coerced raw ``rows``, each of shape (n,); the spec has a court."""
    from core.dataset.figures import court_positions

    assert spec.court is not None
    return court_positions(rows, spec.court)
