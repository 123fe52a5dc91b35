"""A training's plan in a few words, by which one tells it from the next in the queue."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.listing import listed
from core.services import training
from core.services.training import JobView, Options, TrainingPlan
from core.settings import Settings
from core.ui.words import unbroken

METRIC_WORDS = {"AUC": "ROC AUC", "Prec.": "Precision"}
# More figures than these in a row are no words any more.
_MOST_COUNTS = 4


def plan_words(plan: TrainingPlan) -> str:
    """Candidates, folds, metric and seed, then whatever was chosen beyond the simple plan."""
    said = [
        f"{_candidates(plan)} × {plan.folds} folds",
        f"tuned for {METRIC_WORDS.get(plan.metric, plan.metric)}",
        f"seed {plan.seed}",
        *_unusual(plan.options),
    ]
    # A line ends after a dot alone.
    return f"{unbroken(' ')}· ".join([said[0], *map(unbroken, said[1:])])


def job_words(settings: Settings, project: str, job: JobView) -> str:
    """The words of a job's plan, small and grey, in Markdown."""
    return f":small[:gray[{_of_job(settings, project, job.job_id)}]]"


@st.cache_data(show_spinner=False, max_entries=200)
def _of_job(_settings: Any, project: str, job_id: str) -> str:
    """A job's plan never changes, and the page asks for it every second."""
    return plan_words(training.plan_of(_settings, project, job_id))


def _candidates(plan: TrainingPlan) -> str:
    counts = [model.candidates for model in plan.models]
    if len(set(counts)) == 1:
        said = f"{counts[0]:,} candidates{' each' if len(counts) > 1 else ''}"
    elif len(counts) <= _MOST_COUNTS:
        said = f"{listed([f'{count:,}' for count in counts], _MOST_COUNTS)} candidates"
    else:
        said = f"{min(counts):,} to {max(counts):,} candidates each"
    if plan.tuned_models == len(plan.models):
        return said
    # The title of such a job does not name them.
    return f"of {listed([model.algorithm for model in plan.models], len(counts))}: {said}"


def _unusual(options: Options) -> list[str]:
    """What differs from a training that was told nothing more."""
    usual, said = Options(), []
    if options.minutes is not None:
        said.append(f"at most {options.minutes:g} min")
    if options.threshold != usual.threshold:
        said.append(f"threshold {_threshold(options)}")
    if options.calibration != usual.calibration:
        said.append(f"{options.calibration} calibration")
    if options.class_weights != usual.class_weights:
        said.append("classes weighed alike")
    return said


def _threshold(options: Options) -> str:
    rule = options.threshold
    return {
        "fixed": f"{rule.value:g}",
        "f1": "of the best F1",
        "youden": "of the best Youden's J",
        "cost": f"where a miss costs {rule.value:g} false alarms",
    }[rule.kind]
