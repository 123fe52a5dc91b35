"""One row through a registered version, in this process or over REST; logged, or only explored."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from core.dataset import spec as specs
from core.dataset.spec import ProjectSpec
from core.dataset.validate import coerce
from core.errors import SchemaError
from core.scoring import predict
from core.scoring.log import open_log
from core.settings import Settings
from core.tracking import models, registry, runs

if TYPE_CHECKING:
    import pandas as pd

CHAMPION = "champion"


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
    model: str = CHAMPION,
    through: Callable[[pd.DataFrame], np.ndarray] | None = None,
) -> RowResult:
    """Score one row, in this process or ``through`` a REST client, and log it.

    ``values``: raw column to value. Raises SchemaError if the row cannot be scored.
    """
    spec = specs.load(settings.spec_file(project))
    row = _one_row(values, spec)
    version = registry.find(settings, project, model)
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
        run.params({name: values.get(name) for name in spec.raw_columns})
        run.metrics({"probability": float(scored.probability[0])})
    return RowResult(
        probability=float(scored.probability[0]),
        prediction=int(scored.prediction[0]),
        threshold=version.threshold,
        version=version.version,
        prediction_id=str(logged.prediction_ids[0]),
        run_id=run.run_id,
    )


def explore_row(
    settings: Settings, project: str, values: Mapping[str, Any], model: str = CHAMPION
) -> float:
    """Probability of one row for a what-if: computed, never logged."""
    spec = specs.load(settings.spec_file(project))
    version = registry.find(settings, project, model)
    row = _one_row(values, spec)
    pipeline = models.load_pipeline(settings, version)
    return float(predict.score(pipeline, row, version.threshold).probability[0])


def _one_row(values: Mapping[str, Any], spec: ProjectSpec) -> pd.DataFrame:
    import pandas as pd

    frame = pd.DataFrame([{name: values.get(name) for name in spec.raw_columns}])
    coerced = coerce(frame, spec, "The row")
    if not coerced.usable[0]:
        raise SchemaError(f"The row cannot be scored: {coerced.reasons[0]}. Fill it in.")
    return coerced.values
