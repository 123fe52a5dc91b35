"""What is to be trained and how, as plain JSON between the page, the job and the worker."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from core.dataset.spec import TUNING_METRICS, ModelPlan, ProjectSpec
from core.dataset.training_options import Options
from core.errors import BadInput, CourtsideError
from core.signs import minus
from core.training.catalogue import CATALOGUE, title_of

_MOST_CANDIDATES = 100_000
_MOST_FOLDS = 50
_MOST_SEED = 2**31 - 1


@dataclass(frozen=True)
class TrainingPlan:
    """One press of the Train button. ``candidates`` in ``models`` are random-search draws.

    ``inputs`` names the tables of a retraining; empty for those of the last preparation.
    ``reproduces``: the version that this trains again exactly; empty for a training of its own.
    """

    project: str
    models: tuple[ModelPlan, ...]
    folds: int
    metric: str
    seed: int
    fit_share: float
    options: Options = field(default_factory=Options)
    inputs: str = ""
    reproduces: str = ""

    @property
    def tuned_models(self) -> int:
        """How many algorithms are tuned: all, or the best few."""
        best = self.options.find_best
        return len(self.models) if best is None else min(best, len(self.models))

    @property
    def fits(self) -> int:
        """Model fits at the most: comparison if any, then candidates, times folds.

        Which algorithms turn out best is not known before: those with the most candidates count.
        """
        counts = sorted((model.candidates for model in self.models), reverse=True)
        compared = len(self.models) if self.options.find_best is not None else 0
        return (compared + sum(counts[: self.tuned_models])) * self.folds

    def within(self, minutes: float | None) -> TrainingPlan:
        """The same with another time budget; None: no limit."""
        return replace(self, options=replace(self.options, minutes=minutes))

    def to_json(self) -> dict[str, Any]:
        value = asdict(self)
        value["models"] = [
            {
                "algorithm": m.algorithm,
                "candidates": m.candidates,
                "settings": dict(m.settings),
            }
            for m in self.models
        ]
        value["options"] = self.options.to_json()
        if not self.reproduces:
            del value["reproduces"]
        return value

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> TrainingPlan:
        models = tuple(
            ModelPlan(m["algorithm"], int(m["candidates"]), tuple(sorted(m["settings"].items())))
            for m in value["models"]
        )
        rest = {key: value[key] for key in ("project", "folds", "metric", "seed", "fit_share")}
        options = Options.from_json(value.get("options", {}))
        named = {key: value.get(key, "") for key in ("inputs", "reproduces")}
        return cls(models=models, options=options, **named, **rest)


def make_plan(
    spec: ProjectSpec,
    algorithms: Sequence[str] | None = None,
    candidates: Mapping[str, int] | None = None,
    folds: int | None = None,
    metric: str | None = None,
    seed: int | None = None,
    options: Options | None = None,
) -> TrainingPlan:
    """The project's training defaults with the user's changes; BadInput says what cannot be."""
    chosen_options = options or spec.training.options
    defaults = {model.algorithm: model for model in spec.training.models}
    wanted = list(dict.fromkeys(algorithms)) if algorithms is not None else list(defaults)
    _check_algorithms(wanted, [*wanted, *(candidates or {})], chosen_options)
    counts = candidates or {}
    models = [defaults.get(name, ModelPlan(name, 20)) for name in wanted]
    models = [replace(one, candidates=counts.get(one.algorithm, one.candidates)) for one in models]
    chosen_metric = metric or spec.training.metric
    if chosen_metric not in TUNING_METRICS:
        raise BadInput(
            f"The metric is one of {', '.join(TUNING_METRICS)}; found {chosen_metric!r}."
        )
    chosen_folds = folds if folds is not None else spec.training.folds
    chosen_seed = spec.training.seed if seed is None else seed
    _check_numbers(models, chosen_folds, chosen_seed)
    return TrainingPlan(
        project=spec.name,
        models=tuple(models),
        folds=chosen_folds,
        metric=chosen_metric,
        seed=chosen_seed,
        fit_share=spec.training.fit_share,
        options=chosen_options,
    )


def _check_algorithms(wanted: Sequence[str], named: Sequence[str], options: Options) -> None:
    unknown = [name for name in named if name not in CATALOGUE]
    if unknown or not wanted:
        raise BadInput(
            f"Choose from the algorithms {', '.join(CATALOGUE)}; found "
            f"{', '.join(map(repr, unknown)) or 'none'}."
        )
    for name in wanted:
        if why_not := CATALOGUE[name].why_not:
            raise BadInput(why_not)
    if options.class_weights == "balanced" and options.find_best is None:
        unweighted = [name for name in wanted if not CATALOGUE[name].takes_class_weights]
        if len(unweighted) == len(wanted):
            raise BadInput(
                f"{', '.join(CATALOGUE[name].title for name in unweighted)} takes no class "
                "weights; choose another algorithm or train without weights."
            )


def _check_numbers(models: Sequence[ModelPlan], folds: int, seed: int) -> None:
    """All that are out of range at once: who typed two wrong ones is told of both."""
    ranges = [
        (f"Candidates for {title_of(one.algorithm)} must be", 1, _MOST_CANDIDATES, one.candidates)
        for one in models
    ]
    ranges.append(("Folds must be", 2, _MOST_FOLDS, folds))
    ranges.append(("The seed is a whole number from", 0, _MOST_SEED, seed))
    wrong = [
        f"{expected} {least} to {most:,}; found {minus(f'{found:,}')}."
        for expected, least, most, found in ranges
        if not least <= found <= most
    ]
    if wrong:
        raise BadInput(" ".join(wrong))


def check_python() -> None:
    """Refuse to train where PyCaret is known to pair rows with other rows' labels."""
    if not (3, 11) <= sys.version_info[:2] <= (3, 12):
        raise CourtsideError(
            "Training needs Python 3.11 or 3.12: on later versions PyCaret was seen to train on "
            f"wrongly paired labels; found {sys.version_info.major}.{sys.version_info.minor}."
        )
