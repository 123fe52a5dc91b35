"""What a training may be told beyond the simple plan, folded away until someone wants it."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.services import training
from core.services.training import CATALOGUE, Options, ThresholdRule
from core.ui.pairs import beside, pair

_THRESHOLDS = {
    "fixed": "Fixed",
    "f1": "Best F1",
    "youden": "Best Youden's J",
    "cost": "Cheapest errors",
}
_CALIBRATIONS = {"none": "As the model gives them", "sigmoid": "Sigmoid", "isotonic": "Isotonic"}


def further_algorithms(key: str, shown: Sequence[str]) -> list[str]:
    """Algorithms besides those ``shown`` as pills; why some cannot be had here."""
    others = [one for one in CATALOGUE.values() if one.id not in shown]
    available = [one.id for one in others if one.why_not is None]
    chosen = st.multiselect(
        "Further algorithms",
        available,
        format_func=training.title_of,
        key=f"{key}-further",
        placeholder="None",
    )
    for name in chosen:
        if slow := CATALOGUE[name].slow:
            st.caption(f":material/hourglass: **{training.title_of(name)}** is slow. {slow}")
    for one in others:
        if one.why_not is not None:
            st.caption(f":material/block: {one.why_not}")
    return list(chosen)


def choose(key: str, algorithms: Sequence[str], own: Options) -> Options:
    """Time, threshold, weights and probabilities, starting from the project's ``own``.

    Raises BadInput, once all fields are drawn, where they are no options.
    """
    left, right = pair(f"{key}-options")
    with left:
        budget = minutes(key, own.minutes)
        find_best = _find_best(key, algorithms, own.find_best)
        weighted = st.checkbox(
            "Weigh the classes alike",
            value=own.class_weights == "balanced",
            key=f"{key}-weights",
            help="Errors on the rarer class count for more, in the algorithms that can do so. "
            "It makes probabilities of the rarer class too high: calibrate them.",
        )
    with right:
        threshold = _threshold(key, own.threshold)
        calibration = st.selectbox(
            "Probabilities",
            training.CALIBRATIONS,
            index=training.CALIBRATIONS.index(own.calibration),
            format_func=_CALIBRATIONS.__getitem__,
            key=f"{key}-calibration",
            help="Calibration maps scores to probabilities on cross-validated training rows. "
            "Sigmoid suits few rows, isotonic needs a thousand or more. Algorithms without "
            "probabilities of their own are always calibrated.",
        )
    if weighted and (without := [n for n in algorithms if not CATALOGUE[n].takes_class_weights]):
        names = ", ".join(training.title_of(name) for name in without)
        st.caption(f":material/info: {names}: trained without weights, which they do not take.")
    return Options(
        minutes=budget,
        threshold=threshold,
        class_weights="balanced" if weighted else "none",
        calibration=calibration,
        find_best=find_best,
    )


def minutes(key: str, own: float | None) -> float | None:
    """How long tuning may take, ``own`` to begin with; None: as long as it needs."""
    return st.number_input(
        "Time budget in minutes",
        step=5.0,
        format="%g",
        value=own,
        key=f"{key}-minutes",
        placeholder="No limit",
        help="When it is used up, tuning goes on with the best found so far. Every "
        "algorithm has at least a few candidates tried.",
    )


def _find_best(key: str, algorithms: Sequence[str], own: int | None) -> int | None:
    if len(algorithms) < 2:
        return None
    choices = [None, *range(1, len(algorithms))]
    return st.selectbox(
        "Tune",
        choices,
        index=choices.index(own) if own in choices else 0,
        format_func=lambda n: "All chosen algorithms" if n is None else f"The best {n} of them",
        key=f"{key}-best-of-{len(algorithms)}",
        help="All are first compared at their usual settings by cross-validated ROC AUC; only "
        "the best go on to tuning.",
    )


def _threshold(key: str, own: ThresholdRule) -> ThresholdRule:
    row = beside(f"{key}-threshold-rule", "bottom")
    kind = row.selectbox(
        "Decision threshold",
        list(_THRESHOLDS),
        index=list(_THRESHOLDS).index(own.kind),
        format_func=_THRESHOLDS.__getitem__,
        key=f"{key}-threshold",
        help="A row counts as positive where its probability lies above it. Unless fixed, it is "
        "chosen on cross-validated training rows, never on the holdout.",
    )
    if kind == "fixed":
        number = row.number_input(
            "Threshold",
            value=own.value if own.kind == "fixed" else 0.5,
            step=0.05,
            format="%.4g",
            key=f"{key}-threshold-value",
        )
        return ThresholdRule("fixed", number)
    if kind == "cost":
        ratio = row.number_input(
            "A miss costs, in false alarms",
            value=own.value if own.kind == "cost" else 5.0,
            step=1.0,
            format="%g",
            key=f"{key}-threshold-cost",
            help="What a false negative costs where a false positive costs 1.",
        )
        return ThresholdRule("cost", ratio)
    return ThresholdRule(kind)
