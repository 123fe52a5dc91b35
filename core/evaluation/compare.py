"""Is the challenger better than the champion? Evidence from both on the same rows.

Paired: the two models see the same rows, so what makes a row hard for both cancels out, and
far smaller differences can be shown than by comparing two intervals.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from core.evaluation.metrics import METRICS, check_threshold
from core.evaluation.multiple import holm
from core.evaluation.resampling import (
    Resampled,
    check_level,
    percentile_interval,
    resample_models,
)
from core.evaluation.tally import check_pair

_POWER = 0.8  # the customary one: four real differences in five are found


@dataclass(frozen=True)
class PairedDifference:
    """Challenger minus champion on ``n`` rows, in units of ``metric`` (a key of METRICS).

    ``low`` to ``high`` is the interval at ``level``; ``p_value`` is two-sided. All of them
    are nan where the metric is undefined, or the rows too few for a spread.
    """

    metric: str
    champion_value: float
    challenger_value: float
    difference: float
    low: float
    high: float
    p_value: float
    n: int
    method: str
    standard_error: float
    level: float = 0.95

    def as_dict(self) -> dict[str, float | int | str | None]:
        """By field, for JSON: nan becomes None."""
        return {
            key: None if isinstance(value, float) and math.isnan(value) else value
            for key, value in vars(self).items()
        }


def _midranks(values: np.ndarray) -> np.ndarray:
    """Ranks from 1, those of ties averaged: (n,)."""
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(count)
    return (last - (count - 1) / 2)[place]


def _placements(values: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each positive the share of negatives below it, for each negative of positives above.

    Both have the ROC AUC for mean; ties count half (Sun & Xu 2014, equation 5).
    """
    positive = labels == 1
    rank = _midranks(values)
    above, below = values[positive], values[~positive]
    of_positives = (rank[positive] - _midranks(above)) / len(below)
    of_negatives = 1 - (rank[~positive] - _midranks(below)) / len(above)
    return of_positives, of_negatives


def compare_roc_auc(
    y: np.ndarray, p_a: np.ndarray, p_b: np.ndarray, level: float = 0.95
) -> PairedDifference:
    """ROC AUC of challenger ``p_b`` minus that of champion ``p_a``, each (n,), by DeLong's method.

    DeLong, DeLong & Clarke-Pearson (1988), by the mid-ranks of Sun & Xu (2014) in
    O(n log n). The variance is asymptotic: trust it from some 30 rows of each class. Where no
    pair of rows speaks against another (a perfect model against a constant one) it is 0 and
    the interval has no width. Raises ValueError as ``binary_metrics`` does.
    """
    check_level(level)
    labels, champion = check_pair(y, p_a)
    _, challenger = check_pair(labels, p_b)
    positives = int(labels.sum())
    fewest = min(positives, len(labels) - positives)
    if fewest == 0:
        return _undefined("roc_auc", len(labels), "DeLong", level)
    positives_a, negatives_a = _placements(champion, labels)
    positives_b, negatives_b = _placements(challenger, labels)
    # Subtracted row by row, so that identical predictions give exactly 0.
    by_positive, by_negative = positives_b - positives_a, negatives_b - negatives_a
    difference = float(by_positive.mean())
    if fewest == 1:
        standard_error = math.nan
    else:
        variance = by_positive.var(ddof=1) / len(by_positive)
        variance += by_negative.var(ddof=1) / len(by_negative)
        standard_error = math.sqrt(variance)
    reach = NormalDist().inv_cdf((1 + level) / 2) * standard_error
    return PairedDifference(
        metric="roc_auc",
        champion_value=float(positives_a.mean()),
        challenger_value=float(positives_b.mean()),
        difference=difference,
        low=difference - reach,
        high=difference + reach,
        p_value=_two_sided(difference, standard_error),
        n=len(labels),
        method="DeLong",
        standard_error=standard_error,
        level=level,
    )


def _two_sided(difference: float, standard_error: float) -> float:
    if standard_error == 0:
        return 1.0 if difference == 0 else 0.0
    return math.erfc(abs(difference / standard_error) / math.sqrt(2))


def _undefined(metric: str, n: int, method: str, level: float) -> PairedDifference:
    nan = math.nan
    return PairedDifference(metric, nan, nan, nan, nan, nan, nan, n, method, nan, level)


def paired_bootstrap(
    y: np.ndarray,
    p_a: np.ndarray,
    p_b: np.ndarray,
    metric: str,
    threshold_a: float = 0.5,
    threshold_b: float = 0.5,
    resamples: int = 1000,
    seed: int = 0,
    level: float = 0.95,
) -> PairedDifference:
    """Any metric of challenger ``p_b`` minus that of champion ``p_a``, by the paired bootstrap.

    Both are measured on the same drawn rows; the interval is the percentile one, and the
    p-value is twice the smaller share of resamples on either side of 0, the observed one
    counted in (Davison & Hinkley 1997, section 4.2). Raises ValueError on an unknown metric
    and as ``binary_metrics`` does.
    """
    check_level(level)
    if metric not in METRICS:
        raise ValueError(f"The metric must be one of {', '.join(METRICS)}; found {metric!r}.")
    thresholds = check_threshold(threshold_a), check_threshold(threshold_b)
    check_pair(y, p_b)
    return paired_difference(
        resample_models(y, [p_a, p_b], thresholds, resamples, seed), 0, 1, metric, level
    )


def paired_difference(
    resampled: Resampled, champion: int, challenger: int, metric: str, level: float = 0.95
) -> PairedDifference:
    """As ``paired_bootstrap``, from the resamples that several models have in common.

    ``champion`` and ``challenger`` are places among the models of ``resampled``.
    """
    place = resampled.metrics.index(metric)
    values, drawn = resampled.values[:, place], resampled.drawn[:, place]
    difference = float(values[challenger] - values[champion])
    if math.isnan(difference):
        return _undefined(metric, resampled.n, "paired bootstrap", level)
    differences = drawn[challenger] - drawn[champion]
    low, high = percentile_interval(differences, level)
    defined = differences[~np.isnan(differences)]
    smaller = min((defined <= 0).sum(), (defined >= 0).sum())
    return PairedDifference(
        metric=metric,
        champion_value=float(values[champion]),
        challenger_value=float(values[challenger]),
        difference=difference,
        low=low,
        high=high,
        p_value=float(min(1.0, 2 * (smaller + 1) / (len(defined) + 1))),
        n=resampled.n,
        method="paired bootstrap",
        standard_error=float(defined.std(ddof=1)) if len(defined) > 1 else math.nan,
        level=level,
    )


def minimum_detectable(diff: PairedDifference) -> float:
    """The smallest true difference that so many rows would show four times in five.

    (z at the level + z at a power of 80%) × the observed standard error, in units of the
    metric; nan where there is no standard error, 0 where the models never disagree.
    """
    normal = NormalDist()
    return (normal.inv_cdf((1 + diff.level) / 2) + normal.inv_cdf(_POWER)) * diff.standard_error


def _plain(*numbers: float) -> list[str]:
    """The numbers with as many decimals, three at least, as the smallest needs not to read 0."""
    sizes = [abs(number) for number in numbers if number]
    needed = -math.floor(math.log10(min(sizes))) if sizes else 0
    decimals = min(max(needed, 3), 6)
    return [f"{number:.{decimals}f}" for number in numbers]


@dataclass(frozen=True)
class Judgement:
    """What a comparison comes to: "better", "worse" or "neither", and in words.

    ``p_value`` is adjusted for ``comparisons`` made together.
    """

    word: str
    sentence: str
    p_value: float
    comparisons: int = 1


def judge_together(differences: Sequence[PairedDifference]) -> list[Judgement]:
    """Each challenger's comparison judged together with the others', by Holm's correction.

    One is "better" or "worse" where its interval leaves out 0 and its adjusted p-value is at most
    1 - level; where only the correction stands in the way, the words say so. With a single
    challenger nothing is corrected. Comparisons that are undefined do not count.
    """
    adjusted = holm(np.array([one.p_value for one in differences]))
    counted = int((~np.isnan(adjusted)).sum())
    return [
        _judgement(one, float(p), counted) for one, p in zip(differences, adjusted, strict=True)
    ]


def _judgement(diff: PairedDifference, p_value: float, comparisons: int) -> Judgement:
    sentence, info = verdict(diff), METRICS[diff.metric]
    gains = sorted((info.gain(diff.low), info.gain(diff.high)))
    if math.isnan(p_value) or math.isnan(gains[0]) or gains[0] <= 0 <= gains[1]:
        return Judgement("neither", sentence, p_value, comparisons)
    word = "better" if gains[0] > 0 else "worse"
    if comparisons == 1:
        return Judgement(word, sentence, p_value, comparisons)
    if p_value > 1 - diff.level:
        (size,) = _plain(abs(diff.difference))
        return Judgement(
            "neither",
            f"no evidence of a difference: {word} by {size} {info.word} by itself, but among "
            f"{comparisons} comparisons chance alone gives that (Holm's p {p_value:.2g})",
            p_value,
            comparisons,
        )
    said = "p < 0.001" if p_value < 0.001 else f"p {p_value:.2g}"
    return Judgement(
        word,
        f"{sentence}, and stands after Holm's correction for {comparisons} comparisons ({said})",
        p_value,
        comparisons,
    )


def verdict(diff: PairedDifference) -> str:
    """The comparison in words, said of the challenger; "better" heeds the metric's direction."""
    info, rows = METRICS[diff.metric], f"{diff.n:,} {'row' if diff.n == 1 else 'rows'}"
    if math.isnan(diff.difference):
        return f"cannot be compared: {info.word} is undefined on {rows}"
    if math.isnan(diff.low) or math.isnan(diff.standard_error):
        return f"cannot be compared: {rows}, too few to tell a difference from chance"
    gains = sorted((info.gain(diff.low), info.gain(diff.high)))
    if gains[0] <= 0 <= gains[1]:
        if diff.standard_error == 0:
            return f"no difference: the same {info.word} on {rows}"
        (least,) = _plain(minimum_detectable(diff))
        return (
            f"no evidence of a difference: with {rows}, a difference in {info.word} smaller than "
            f"{least} can hardly be told from chance"
        )
    size, low, high = _plain(abs(diff.difference), *sorted(abs(gain) for gain in gains))
    direction = "better" if gains[0] > 0 else "worse"
    return f"{direction} by {size} {info.word}, {100 * diff.level:g}% interval {low} to {high}"
