"""What the stages of a training are called; a page tells them apart by these names."""

from __future__ import annotations

from core.training.catalogue import CATALOGUE

LOADING = "Loading PyCaret"
COMPARING = "Comparing algorithms"
DONE = "Done"

# What is done for each model, in this order: key to the words before the model's title.
STEPS = {
    "baseline": "Baseline of",
    "tuning": "Tuning",
    "measuring": "Measuring",
    "learning": "Learning curve of",
    "storing": "Storing",
    "registering": "Proving and registering",
}


def of_model(step: str, title: str) -> str:
    """The stage of one model, e.g. "Tuning Decision Tree Classifier"."""
    return f"{STEPS[step]} {title}"


def not_trained(title: str) -> str:
    """The stage that tells of a model that failed."""
    return f"{title} could not be trained"


_READ = {of_model(step, one.title): (step, one.id) for step in STEPS for one in CATALOGUE.values()}


def read(stage: str) -> tuple[str, str] | None:
    """The step and the algorithm's id that a stage names; None where it is no model's."""
    return _READ.get(stage)


def compared(title: str) -> str:
    """The stage in which an algorithm is compared with the others."""
    return f"{COMPARING}, now {title}"


_READ_COMPARED = {compared(one.title): one.id for one in CATALOGUE.values()}


def read_compared(stage: str) -> str | None:
    """The id of the algorithm that a stage compares; None where it compares none."""
    return _READ_COMPARED.get(stage)
