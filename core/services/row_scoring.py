"""One row through a registered version, in this process or over REST; logged, or only explored."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from core.dataset import spec as specs
from core.dataset.spec import ProjectSpec
from core.errors import CourtsideError
from core.scoring import predict
from core.scoring.log import open_log
from core.scoring.row import one_row
from core.settings import Settings
from core.tracking import models, registry, runs
from core.tracking.registry import CHAMPION, Version

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class RowResult:
    """One scored row: probability of either class and the decision at the version's threshold."""

    probability: float
    prediction: int
    threshold: float
    version: str
    prediction_id: str
    run_id: str

    @property
    def probability_negative(self) -> float:
        return 1.0 - self.probability


def score_row(
    settings: Settings,
    project: str,
    values: Mapping[str, Any],
    model: str | Version = CHAMPION,
    through: Callable[[pd.DataFrame], np.ndarray] | None = None,
    spec: ProjectSpec | None = None,
) -> RowResult:
    """Score one row, in this process or ``through`` a REST client, and log it.

    ``values``: raw column to value. ``model``: an alias, a number, or a version that is already
    known, which saves asking for it. Raises SchemaError if the row cannot be scored, whichever
    way it goes: the endpoint by itself would fill a gap that batch scoring refuses.
    """
    spec = spec or specs.load(settings.spec_file(project))
    row = one_row(values, spec)
    version = _version(settings, project, model)
    origin = "form" if through is None else "rest"
    tags = {"version": version.version, "source": origin}
    with runs.action(
        settings, project, "score", name=f"score one row ({origin})", tags=tags
    ) as run:
        if through is None:
            pipeline = models.load_pipeline(settings, version)
            scored = predict.score(pipeline, row, version.threshold)
        else:
            scored = predict.decide(through(row), version.threshold)
        logged = open_log(settings, spec).append(
            row,
            probability=scored.probability,
            prediction=scored.prediction,
            source=origin,
            model_version=version.version,
            request_id=run.run_id,
        )
        run.done = f"The row was scored and logged as {logged.prediction_ids[0]}."
        run.params_and_metrics(
            {name: values.get(name) for name in spec.raw_columns},
            {"probability": float(scored.probability[0])},
        )
    return RowResult(
        probability=float(scored.probability[0]),
        prediction=int(scored.prediction[0]),
        threshold=version.threshold,
        version=version.version,
        prediction_id=str(logged.prediction_ids[0]),
        run_id=run.run_id,
    )


def explore_row(
    settings: Settings,
    project: str,
    values: Mapping[str, Any],
    model: str | Version = CHAMPION,
    spec: ProjectSpec | None = None,
) -> float:
    """Probability of one row for a what-if: computed, never logged."""
    spec = spec or specs.load(settings.spec_file(project))
    version = _version(settings, project, model)
    pipeline = models.load_pipeline(settings, version)
    return float(predict.score(pipeline, one_row(values, spec), version.threshold).probability[0])


def warm_up(settings: Settings, version: Version) -> None:
    """Load a version's model into memory; a failure is left for the one who then asks it."""
    try:
        models.load_pipeline(settings, version)
    except CourtsideError as exc:
        logging.getLogger("courtside").warning("v%s is not loaded yet: %s", version.version, exc)


def _version(settings: Settings, project: str, model: str | Version) -> Version:
    return model if isinstance(model, Version) else registry.find(settings, project, model)
