"""How far a training is, as shares of the whole job, and how long it may still take."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from core.dataset.spec import ModelPlan
from core.jobs import Reporter
from core.training import stages
from core.training.catalogue import title_of
from core.training.plan import TrainingPlan
from core.training.search import OnSearch, Searched

# Of the whole: what comes before the first fit, and all fits together.
_BEFORE, _FITS = 0.05, 0.85


class Progress:
    """Turns "candidate fits of model i" into a share of the whole job."""

    def __init__(self, reporter: Reporter, plan: TrainingPlan) -> None:
        self._reporter = reporter
        self._folds = plan.folds
        self._total = max(plan.fits, 1)
        self._before = 0
        self._tuned: set[str] = set()

    def comparing(self, algorithm: str, done: int, total: int, best: float | None) -> None:
        """``done`` of ``total`` algorithms are compared, ``algorithm`` is next."""
        self._before = done * self._folds
        name = stages.compared(title_of(algorithm))
        self._reporter.report(name, done, total, self._share(), "algorithms", best)

    def chosen(self, compared: int, models: Sequence[ModelPlan]) -> None:
        """These models remain to be tuned."""
        self._before = compared * self._folds
        self._total = self._before + self._folds * sum(model.candidates for model in models)

    def search(self, model: ModelPlan) -> OnSearch:
        """What tells of this model's search."""
        stage = stages.of_model("tuning", title_of(model.algorithm))
        fits = model.candidates * self._folds

        def tell(at: Searched) -> None:
            share = self._share(fits * at.fits / max(at.fits_total, 1))
            self._reporter.report(stage, at.fits, at.fits_total, share, "model fits", at.best)

        return tell

    def tuned(self, model: ModelPlan) -> None:
        if model.algorithm not in self._tuned:
            self._tuned.add(model.algorithm)
            self._before += model.candidates * self._folds

    def learning(self, title: str) -> Callable[[int, int], None]:
        """What tells of a model's learning curve: sizes done, of so many."""
        stage = stages.of_model("learning", title)
        return lambda done, of: self._reporter.report(stage, done, of, self._share(), "sizes")

    def storing(self, title: str, done: int, total: int) -> None:
        """``done`` of ``total`` models are stored, this one is next."""
        self._publishing("storing", title, done / total / 2)

    def registering(self, title: str, done: int, total: int) -> None:
        """``done`` of ``total`` models are registered, this one is next; all are stored."""
        self._publishing("registering", title, 0.5 + done / total / 2)

    def _publishing(self, step: str, title: str, share: float) -> None:
        fraction = _BEFORE + _FITS + (1 - _BEFORE - _FITS) * share
        self._reporter.report(stages.of_model(step, title), 0, 1, fraction)

    def failed(self, model: ModelPlan, reason: str) -> None:
        """The model could not be trained; the others go on."""
        self.tuned(model)
        name = stages.not_trained(title_of(model.algorithm))
        self._reporter.report(name, 1, 1, self._share(), reason)

    def stage(self, name: str) -> None:
        self._reporter.report(name, 0, 1, self._share())

    def _share(self, fits: float = 0.0) -> float:
        return _BEFORE + _FITS * (self._before + fits) / self._total


class Budget:
    """The minutes that comparing and tuning may take, shared out among the models to come."""

    def __init__(self, minutes: float | None, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._seconds = None if minutes is None else minutes * 60
        self._started = clock()

    def deadline(self, models_left: int) -> float | None:
        """Until when the next of so many models may be searched; None for no limit."""
        if self._seconds is None:
            return None
        now = self._clock()
        left = max(0.0, self._started + self._seconds - now)
        return now + left / models_left

    @property
    def half_is_over(self) -> bool:
        """Comparing must leave time to tune the best."""
        return self._seconds is not None and self._clock() - self._started > self._seconds / 2
