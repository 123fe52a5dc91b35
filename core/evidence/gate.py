"""What a promotion must pass: each item with its figure and its limit."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from core.dataset.promotion_policy import PromotionPolicy
from core.dataset.slices import cut, find_conditions
from core.dataset.spec import ProjectSpec
from core.evaluation.compare import PairedDifference, compare_roc_auc, paired_bootstrap, verdict
from core.evaluation.curves import calibration_points
from core.evaluation.metrics import METRICS, binary_metrics
from core.evaluation.one_sided import REMEDY, one_sided
from core.evaluation.weak_spots import log_loss_spots, summary, worst
from core.evidence.bench import Bench, Measured
from core.tracking.registry import Version

# The gate of training: figures after loading back differ by less.
_SAME = 1e-9
HOLDOUT = "holdout rows"
PRODUCTION = "newest production rows that neither version learnt from"


@dataclass(frozen=True)
class Item:
    """One thing looked at. ``found`` and ``limit`` are in words, with their figures.

    One that does not ``count`` is told beside the others and decides nothing.
    """

    name: str
    passed: bool
    found: str
    limit: str
    counts: bool = True


@dataclass(frozen=True)
class Gate:
    """Whether ``version`` may take the place of ``champion`` (None: there is none to compare).

    One that is not ``usable`` cannot be loaded or does not score: no reason helps. ``where`` says
    which the ``rows`` are that it was judged on.
    """

    version: str
    champion: str | None
    rows: int
    items: tuple[Item, ...]
    usable: bool = True
    where: str = HOLDOUT

    @property
    def passed(self) -> bool:
        return all(item.passed for item in self.items)

    @property
    def failures(self) -> tuple[Item, ...]:
        return tuple(item for item in self.items if not item.passed)

    def as_dict(self) -> dict[str, Any]:
        """JSON."""
        return {**asdict(self), "items": [asdict(i) for i in self.items], "passed": self.passed}


def judge(
    policy: PromotionPolicy,
    spec: ProjectSpec,
    bench: Bench,
    version: str,
    champion: str | None,
    recent: Bench | None = None,
) -> Gate:
    """Hold a version on the bench against the policy; ``champion`` is the one in charge, if any.

    ``bench``: the holdout; ``recent``: the newest production rows that neither learnt from, where
    one of the two comes of a retraining. Those judge where both could be measured there, and the
    holdout says beside them what is given up. A version that the bench could not measure fails,
    with the reason why.
    """
    judging = bench
    if recent is not None and all(recent.of(one) for one in {version, champion or version}):
        judging = recent
    candidate = judging.of(version)
    if candidate is None:
        reason = bench.absent.get(version, "it was not measured")
        broken = version in bench.broken
        item = (
            Item("Loads and scores", False, reason, "scores the holdout rows")
            if broken
            else Item("Comparable", False, reason, "rows that it was not trained on")
        )
        return Gate(version, champion, len(bench.y), (item,), usable=not broken)
    incumbent = judging.of(champion) if champion and champion != version else None
    items = [
        *_metrics(policy, judging, candidate, incumbent, champion),
        *_slices(policy, spec, judging, candidate, incumbent),
        _decisions(spec, judging, candidate),
        _calibration(policy, judging, candidate),
        _latency(policy, candidate),
        *([_load_back(bench, candidate.version)] if policy.load_back else []),
        *_beside(policy, spec, bench, judging, version, champion, recent),
    ]
    where = HOLDOUT if judging is bench else PRODUCTION
    return Gate(version, champion, len(judging.y), tuple(items), where=where)


def _beside(
    policy: PromotionPolicy,
    spec: ProjectSpec,
    bench: Bench,
    judging: Bench,
    version: str,
    champion: str | None,
    recent: Bench | None,
) -> Iterator[Item]:
    """What decides nothing: the old holdout where production judges, or why it could not judge."""
    if recent is None:
        return
    if judging is bench:
        why = " ".join(recent.absent.get(one, "") for one in (version, champion or "")).strip()
        yield Item("Production", True, why, "judged on the holdout instead", counts=False)
        return
    mine, theirs = bench.of(version), bench.of(champion or "")
    if mine is None or theirs is None or mine is theirs:
        return
    found = "; ".join(
        f"{METRICS[metric].title}: {verdict(_difference(bench, theirs, mine, metric))}"
        for metric in policy.metrics
    )
    alike = one_sided(bench.y, mine.probability, mine.version.threshold)
    if alike is not None:
        words = spec.target.positive_words, spec.target.negative_words
        found = "; ".join(
            part for part in (found, alike.finding(mine.version.name, *words)) if part
        )
    if found:
        limit = f"what is given up, on {len(bench.y):,} rows; it decides nothing here"
        yield Item("Old holdout", True, found, limit, counts=False)


def _decisions(spec: ProjectSpec, bench: Bench, candidate: Measured) -> Item:
    """Whether its decisions depend on the row at all."""
    version, target = candidate.version, spec.target
    limit = "it does not call nearly all rows alike"
    found = one_sided(bench.y, candidate.probability, version.threshold)
    if found is None:
        called = (candidate.probability > version.threshold).mean()
        said = f"{100 * called:.1f}% of the rows called {target.positive_words}"
        return Item("Decisions", True, f"{said}, {100 * bench.y.mean():.1f}% are", limit)
    said = found.finding(version.name, target.positive_words, target.negative_words)
    return Item(
        "Decisions", False, f"{said}. {found.advice(target.positive_words)} {REMEDY}", limit
    )


def _metrics(
    policy: PromotionPolicy,
    bench: Bench,
    candidate: Measured,
    incumbent: Measured | None,
    champion: str | None,
) -> Iterator[Item]:
    for metric in policy.metrics:
        info = METRICS[metric]
        name, limit = info.title, "not shown to be worse than the champion"
        if incumbent is None:
            why = _alone(candidate, champion)
            yield Item(name, True, why, limit)
            continue
        difference = _difference(bench, incumbent, candidate, metric)
        gains = [info.gain(difference.low), info.gain(difference.high)]
        yield Item(name, not max(gains) < 0, verdict(difference), limit)


def _alone(candidate: Measured, champion: str | None) -> str:
    """Why nothing is compared."""
    if champion is None:
        return "there is no champion to compare with"
    if champion == candidate.version.version:
        return "it is the champion itself"
    return f"v{champion}, the champion, could not be measured on these rows"


def _difference(bench: Bench, a: Measured, b: Measured, metric: str) -> PairedDifference:
    if metric == "roc_auc":
        return compare_roc_auc(bench.y, a.probability, b.probability)
    return paired_bootstrap(
        bench.y, a.probability, b.probability, metric, a.version.threshold, b.version.threshold
    )


def _slices(
    policy: PromotionPolicy,
    spec: ProjectSpec,
    bench: Bench,
    candidate: Measured,
    incumbent: Measured | None,
) -> Iterator[Item]:
    if incumbent is None:
        return
    pieces = cut(bench.raw, find_conditions(bench.raw, spec.kinds))
    spots = log_loss_spots(pieces, bench.y, incumbent.probability, candidate.probability)
    first = worst(spots)
    found = summary(spots, "log loss")
    if first is not None:
        found = f"{first.words}: worse by {first.difference:.3f} on {first.rows:,} rows"
    yield Item(
        "Worst slice",
        first is None or first.difference <= policy.slice_log_loss,
        found,
        f"log loss not shown to be worse by more than {policy.slice_log_loss:g} in any slice",
    )


def _calibration(policy: PromotionPolicy, bench: Bench, candidate: Measured) -> Item:
    error = calibration_points(bench.y, candidate.probability).expected_error
    return Item(
        "Calibration",
        not error > policy.calibration_error,
        f"expected calibration error {error:.3f}",
        f"{policy.calibration_error:g} at most",
    )


def _latency(policy: PromotionPolicy, candidate: Measured) -> Item:
    return Item(
        "Latency",
        candidate.microseconds <= policy.microseconds_a_row,
        f"{candidate.microseconds:.3g} µs a row",
        f"{policy.microseconds_a_row:,g} µs a row at most",
    )


def _load_back(bench: Bench, version: Version) -> Item:
    """The model as it is stored against the figure that its training logged, on the holdout."""
    limit = "the stored model gives the figures that were logged"
    logged = version.metrics.get("test_roc_auc")
    if logged is None:
        return Item("Load-back proof", False, "its run logged no holdout figures", limit)
    measured = bench.of(version.version)
    if measured is None or bench.note or version.version in bench.elsewhere:
        return Item("Load-back proof", True, "proven at its training, on another holdout", limit)
    again = binary_metrics(bench.y, measured.probability, version.threshold).roc_auc
    same = math.isnan(again) or abs(again - logged) <= _SAME
    found = f"ROC AUC {again:.6f} after loading back, {logged:.6f} logged"
    return Item("Load-back proof", same, found, limit)
