"""From a plan to a job in the queue."""

from __future__ import annotations

from core import jobs
from core.jobs import JobView
from core.settings import Settings
from core.tracking.store import make_for_workers
from core.training import cluster
from core.training.catalogue import title_of
from core.training.plan import TrainingPlan, check_python

KIND = "training"
ENTRY_POINT = "core.training.run:execute"


def submit(settings: Settings, plan: TrainingPlan) -> JobView:
    """Queue or start a training.

    CourtsideError on a Python that PyCaret cannot train on; BadInput where the Dask scheduler that
    is to run its fits cannot be reached.
    """
    check_python()
    cluster.check_reachable(settings.dask_scheduler)
    make_for_workers(settings)
    return jobs.submit(
        settings.jobs_dir(plan.project),
        entry_point=ENTRY_POINT,
        plan=plan.to_json(),
        kind=KIND,
        title=_title(plan),
        environment={
            "COURTSIDE_HOME": str(settings.home),
            "MLFLOW_TRACKING_URI": settings.tracking_uri,
            "COURTSIDE_DASK_SCHEDULER": settings.dask_scheduler or "",
        },
        at_once=settings.jobs_at_once,
    )


def _title(plan: TrainingPlan) -> str:
    names = ", ".join(title_of(model.algorithm) for model in plan.models)
    if plan.tuned_models < len(plan.models):
        names = f"Best {plan.tuned_models} of {len(plan.models)} algorithms"
    if plan.reproduces:
        return f"v{plan.reproduces} trained again: {names}"
    return f"Retraining: {names}" if plan.inputs else names
