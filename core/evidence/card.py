"""A version's model card: every figure in it is read from what was measured or logged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING, Any

import numpy as np

from core.dataset.slices import cut, find_conditions
from core.dataset.spec import ProjectSpec
from core.evaluation.metrics import METRICS
from core.evaluation.sides import Side
from core.evaluation.weak_spots import log_losses
from core.evidence.bench import Bench, Measured
from core.evidence.document import Block, Curve, Heading, Paragraph, Table
from core.evidence.origins import Origin
from core.signs import decimal
from core.tracking.runs import Run

if TYPE_CHECKING:
    from core.evaluation.importance import Importance

_SLICES_SHOWN = 10


@dataclass(frozen=True, eq=False)
class Facts:
    """What is known of a version. ``side`` and ``measured`` are None where it does not score.

    ``ranges``: what training held, by column, in words; ``checks``: drift checks of it, newest
    first; ``moves``: what happened to its aliases, in words, newest first.
    """

    spec: ProjectSpec
    origin: Origin
    bench: Bench | None
    side: Side | None
    importance: Sequence[Importance]
    ranges: Mapping[str, str]
    checks: Sequence[Run]
    moves: Sequence[tuple[str, str]]

    @property
    def measured(self) -> Measured | None:
        return self.bench.of(self.origin.version.version) if self.bench else None


def card(facts: Facts) -> list[Block]:
    """The card's blocks, top to bottom."""
    return [
        *_head(facts),
        *_data(facts),
        *_training(facts),
        *_figures(facts),
        *_slices(facts),
        *_importance(facts),
        *_since(facts),
        *_limits(facts),
    ]


def title(facts: Facts) -> str:
    return f"{facts.spec.title}: {facts.origin.version.label}"


def _head(facts: Facts) -> Iterator[Block]:
    version = facts.origin.version
    yield Heading(title(facts), 1)
    yield Paragraph(
        f"Registered {version.created_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
        + (f"; {' and '.join(version.aliases)} now" if version.aliases else "")
        + (f"; a reproduction of v{version.reproduces}" if version.reproduces else "")
        + f". MLflow run {version.run_id or 'unknown'}."
    )
    yield Heading("Intended use")
    target = facts.spec.target
    yield Paragraph(
        facts.spec.intended_use
        or facts.spec.purpose
        or "The project's specification says nothing of it (key intended_use)."
    )
    yield Paragraph(
        f"It gives the probability that {target.column} is “{target.positive_words}” rather than "
        f"“{target.negative_words}”, and says so where that lies above {version.threshold:g}."
    )


def _data(facts: Facts) -> Iterator[Block]:
    yield Heading("Data and preparation")
    run = facts.origin.preparation
    if run is None:
        yield Paragraph("The run of its preparation is gone, or it was not trained here.")
        return
    counted = {
        name: f"{run.metrics[key]:,.0f}"
        for name, key in (
            ("Rows in the file", "rows_raw"),
            ("Rows kept", "rows_prepared"),
            ("Training rows", "train_rows"),
            ("Holdout rows", "test_rows"),
        )
        if key in run.metrics
    }
    logged = {
        name: run.params[key]
        for name, key in (
            ("File", "source"),
            ("sha256 of the file", "source_sha256"),
            ("Share held out", "test_size"),
            ("Seed of the split", "split_seed"),
            ("Stratified by the target", "stratify"),
            ("Repeated rows dropped", "drop_duplicates"),
            ("Rows dropped where missing", "drop_missing"),
        )
        if run.params.get(key)
    }
    yield _pairs({**logged, **counted})
    yield Table(
        ("Column", "Kind", "Unit", "In training"),
        tuple(
            (c.name, c.kind, c.unit, facts.ranges.get(c.name, "not known"))
            for c in facts.spec.columns
        ),
    )
    if facts.spec.derived:
        yield Table(("Derived feature", "From"), facts.spec.derived)


def _training(facts: Facts) -> Iterator[Block]:
    version, run = facts.origin.version, facts.origin.training
    yield Heading("Training")
    found = {"Algorithm": version.title, "Decision threshold": f"{version.threshold:g}"}
    for name, tag in (("Threshold rule", "threshold_rule"), ("Calibration", "calibration")):
        if tag in version.tags:
            found[name] = version.tags[tag]
    if run is not None:
        for name, key in (
            ("Tuned for", "metric"),
            ("Folds", "folds"),
            ("Seed", "seed"),
            ("Rows fitted", "fit_rows"),
        ):
            if key in run.params:
                found[name] = run.params[key]
        packages = {k.removeprefix("version."): v for k, v in run.params.items() if "version." in k}
        found["Libraries"] = ", ".join(f"{k} {v}" for k, v in sorted(packages.items()))
    yield _pairs(found)
    if version.params:
        yield _pairs(version.params, ("Hyperparameter", "Value"))


def _figures(facts: Facts) -> Iterator[Block]:
    yield Heading("How good it is")
    if facts.side is None or facts.bench is None or facts.measured is None:
        reason = facts.bench.absent.get(facts.origin.version.version, "") if facts.bench else ""
        yield Paragraph(f"It could not be measured. {reason}".strip())
        return
    rows = (
        f"{len(facts.bench.y):,} labelled holdout rows, {100 * facts.bench.y.mean():.1f}% positive"
    )
    yield Paragraph(f"On {rows}. {facts.bench.note}".strip())
    yield Table(
        ("Metric", "Value", "95% interval", "What it says"),
        tuple(
            (
                info.title,
                _three(facts.side.metrics[key].value),
                f"{_three(facts.side.metrics[key].low)} to {_three(facts.side.metrics[key].high)}",
                info.explanation,
            )
            for key, info in METRICS.items()
        ),
    )
    roc, calibration, brier = facts.side.roc, facts.side.calibration, facts.side.brier
    yield Curve("ROC curve", roc.fpr, roc.tpr, "False positive rate", "True positive rate")
    yield Heading("Calibration", 3)
    yield Paragraph(
        f"Expected calibration error {calibration.expected_error:.4f}. Brier score "
        f"{brier.brier:.4f} = reliability {brier.reliability:.4f} − resolution "
        f"{brier.resolution:.4f} + uncertainty {brier.uncertainty:.4f} + within bins "
        f"{brier.within_variance - brier.within_covariance:.4f}."
    )
    bins = [
        (said, seen, count)
        for said, seen, count in zip(
            calibration.mean_predicted, calibration.observed, calibration.count, strict=True
        )
        if count
    ]
    yield Table(
        ("Mean probability", "Observed share", "Rows"),
        tuple((_three(said), _three(seen), f"{count:,}") for said, seen, count in bins),
    )
    yield Curve(
        "Reliability curve",
        [said for said, _, _ in bins],
        [seen for _, seen, _ in bins],
        "Mean probability",
        "Observed share",
    )
    size = facts.measured.megabytes
    yield Paragraph(
        f"A row takes {facts.measured.microseconds:.3g} µs when scored with the others"
        + (f"; the model file has {size:.3g} MB." if size is not None else ".")
    )


def _slices(facts: Facts) -> Iterator[Block]:
    one, bench = facts.measured, facts.bench
    if one is None or bench is None:
        return
    pieces = cut(bench.raw, find_conditions(bench.raw, facts.spec.kinds), pairs=False)
    yield Heading("By slice")
    if not len(pieces):
        yield Paragraph("No slice holds 5% of the rows.")
        return
    loss = pieces.sums(log_losses(bench.y, one.probability)) / pieces.rows
    said, seen = pieces.sums(one.probability) / pieces.rows, pieces.sums(bench.y) / pieces.rows
    yield Paragraph(
        f"The slices with the largest log loss, of {len(pieces)} (categories and quarters with 5% "
        "of the rows at least)."
    )
    yield Table(
        ("Rows where", "Rows", "Log loss", "Mean probability", "Observed share"),
        tuple(
            (
                pieces.slices[place].words,
                f"{pieces.rows[place]:,}",
                _three(loss[place]),
                _three(said[place]),
                _three(seen[place]),
            )
            for place in np.argsort(-loss, kind="stable")[:_SLICES_SHOWN]
        ),
    )


def _importance(facts: Facts) -> Iterator[Block]:
    if not facts.importance:
        return
    yield Heading("What it goes by")
    yield Table(
        ("Column", "Fall in ROC AUC when shuffled", "Standard deviation"),
        tuple((i.feature, decimal(i.mean, 4), f"{i.std:.4f}") for i in facts.importance),
    )


def _since(facts: Facts) -> Iterator[Block]:
    yield Heading("Since then")
    if not facts.checks:
        yield Paragraph("No drift check of this version is on record.")
    for run in facts.checks[:1]:
        yield Paragraph(
            f"Last drift check {run.started_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC, "
            f"{run.tags.get('level', 'unknown')}: {run.tags.get('verdict', 'no verdict')}"
        )
    if facts.moves:
        yield Table(("When", "What"), tuple(facts.moves))


def _limits(facts: Facts) -> Iterator[Block]:
    yield Heading("Limits")
    if facts.spec.limits:
        yield Paragraph(facts.spec.limits)
    yield Paragraph(
        "The figures hold for rows like those of the holdout. For values outside those in the "
        "table of columns nothing is known."
    )


def _pairs(values: Mapping[str, Any], head: tuple[str, str] = ("What", "As logged")) -> Table:
    return Table(head, tuple((str(key), str(value)) for key, value in values.items()))


def _three(value: float) -> str:
    return "–" if np.isnan(value) else decimal(value, 3)
