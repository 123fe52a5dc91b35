"""A model that was fitted elsewhere gets all that a version trained here carries."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.dataset.spec import ProjectSpec
from core.training import beside, carried
from core.training.evaluation import evaluate
from core.training.inputs import ModelInput
from core.training.values import plain

if TYPE_CHECKING:
    from core.tracking.registry import Version
    from core.tracking.runs import RunLog


def adopt(
    pipeline: Any,
    stray: Version,
    algorithm: str,
    spec: ProjectSpec,
    data: ModelInput,
    packages: Mapping[str, str],
    run: RunLog,
    folder: Path,
) -> None:
    """Measure ``pipeline`` on ``data.test``; what comes of it goes to ``folder`` and to ``run``.

    What the run says already stays: only figures, hyperparameters and packages that it lacks are
    added. ``data.train`` may be empty where nobody knows what it was fitted on.
    """
    holdout = evaluate(pipeline, data.test, spec, stray.threshold, spec.training.seed)
    evaluation = holdout.as_dict()
    carried.write(folder, algorithm, spec, data, holdout, evaluation, spec.training.seed)
    beside.draw(folder, stray.title)
    measured = {f"test_{name}": value for name, value in holdout.metrics.as_dict().items()}
    run.metrics({name: measured[name] for name in measured.keys() - stray.metrics.keys()})
    known = {
        **plain(_hyperparameters(pipeline)),
        **{f"version.{name}": version for name, version in packages.items()},
    }
    run.params({name: known[name] for name in known.keys() - stray.params.keys()})
    carried.log(run, folder)
    carried.log_figures(run, folder)


def algorithm_of(pipeline: Any) -> str:
    """The class of a fitted model's last step, e.g. ``RandomForestClassifier``."""
    return type(_last(pipeline)).__name__


def _hyperparameters(pipeline: Any) -> dict[str, Any]:
    last = _last(pipeline)
    return dict(last.get_params(deep=False)) if hasattr(last, "get_params") else {}


def _last(pipeline: Any) -> Any:
    steps = getattr(pipeline, "steps", None)
    return steps[-1][1] if steps else pipeline
