"""Reads how a project trains: the section ``training`` of its specification."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from core.dataset.spec import TUNING_METRICS, ModelPlan, TrainingDefaults
from core.dataset.spec_values import ValueReader, is_plain
from core.dataset.training_options import OPTIONS, Options
from core.errors import BadInput


class TrainingReader(ValueReader):
    """Adds what is wrong with the section to ``faults``."""

    def _training(self, content: Mapping[str, Any]) -> TrainingDefaults:
        allowed = ["seed", "folds", "metric", "fit_share", "models", *OPTIONS]
        training = self._mapping(content, "training", "", allowed)
        base = TrainingDefaults()
        metric = self._text(training, "metric", base.metric, "training.")
        if metric not in TUNING_METRICS:
            self.faults.append(
                f"training.metric is one of {', '.join(TUNING_METRICS)}; found {metric!r}"
            )
        return TrainingDefaults(
            seed=self._whole(training, "seed", base.seed, 0, 2**31 - 1, "training."),
            folds=self._whole(training, "folds", base.folds, 2, 50, "training."),
            metric=metric,
            fit_share=self._number(training, "fit_share", 1.0, 0.1, 1.0, "training."),
            models=self._models(training) or base.models,
            options=self._options(training),
        )

    def _options(self, training: Mapping[str, Any]) -> Options:
        options = Options()
        for key in OPTIONS:
            try:  # one by one, so that every fault is told
                options = options.changed({key: training.get(key)})
            except BadInput as exc:
                self.faults.append(f"training.{key}: {str(exc).rstrip('.')}")
        return options

    def _models(self, training: Mapping[str, Any]) -> tuple[ModelPlan, ...]:
        listed = training.get("models") or {}
        if not isinstance(listed, dict):
            self.faults.append("training.models must map an algorithm (lr, dt, …) to its plan")
            return ()
        plans = []
        for raw_name, value in listed.items():
            where = f"training.models.{raw_name}."
            if value is not None and not isinstance(value, dict):
                self.faults.append(f"{where[:-1]} must be a mapping such as {{candidates: 20}}")
                continue
            entry = cast("dict[str, Any]", value or {})
            self._known(entry, ["candidates", "settings"], where)
            settings = self._mapping(entry, "settings", where, None)
            for setting, chosen in settings.items():
                if not is_plain(chosen):
                    self.faults.append(
                        f"{where}settings.{setting} must be a number, text, true, false or null"
                    )
            plans.append(
                ModelPlan(
                    algorithm=str(raw_name),
                    candidates=self._whole(entry, "candidates", 20, 1, 100_000, where),
                    settings=tuple(sorted((str(k), v) for k, v in settings.items())),
                )
            )
        return tuple(plans)
