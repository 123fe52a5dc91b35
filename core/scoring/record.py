"""What is put on record about a scored file: its figures, their charts, the files themselves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from core.scoring.findings import Findings
from core.scoring.job import Outcome
from core.scoring.order import Order

_LARGEST_ARTIFACT_BYTES = 50_000_000
_COUNTS = ("rows_scored", "rows_rejected", "rows_labelled", "seconds", "rows_per_second")


class ScoredBy(Protocol):
    """What is said of a version."""

    @property
    def version(self) -> str: ...
    @property
    def algorithm(self) -> str: ...
    @property
    def label(self) -> str: ...
    @property
    def threshold(self) -> float: ...
    @property
    def metrics(self) -> Mapping[str, float]: ...


class Run(Protocol):
    """Where it is put; what is put there twice counts once."""

    def metrics(
        self, values: Mapping[str, float | None], prefix: str = "", at: float | None = None
    ) -> None: ...
    def json(self, value: Any, name: str) -> None: ...
    def figure(self, figure: Any, name: str) -> None: ...
    def file(self, path: Path, folder: str | None = None) -> None: ...


def parameters_of(
    order: Order, source_sha256: str, version: ScoredBy, others: Sequence[ScoredBy]
) -> dict[str, Any]:
    """The run's parameters: what was scored, with what, decided how."""
    renamed = {"renames": ", ".join(f"{a} → {b}" for a, b in order.renames.items())}
    return {
        "source": order.shown_as,
        "source_sha256": source_sha256,
        "version": version.version,
        "algorithm": version.algorithm,
        "also": ",".join(one.version for one in others),
        "threshold": version.threshold,
        **(renamed if order.renames else {}),
    }


def summary_of(
    run_id: str,
    version: ScoredBy,
    others: Sequence[ScoredBy],
    outcome: Outcome,
    findings: Findings,
) -> dict[str, Any]:
    """The contract's JSON, without the time that it took."""
    figures = findings.metrics
    return {
        "run_id": run_id,
        "rows_scored": outcome.rows_scored,
        "rows_rejected": outcome.rows_rejected,
        "rows_labelled": outcome.rows_labelled,
        "rejected_because": dict(outcome.reasons),
        "metrics": figures[version.version],
        "version": version.version,
        "algorithm": version.algorithm,
        "also": [
            {"version": v.version, "algorithm": v.algorithm, "metrics": figures[v.version]}
            for v in others
        ],
        "out_of_training_range": {one.column: one.share for one in findings.out_of_range},
    }


def pace(rows: int, seconds: float) -> dict[str, float]:
    """How long it took, for the summary."""
    return {"seconds": seconds, "rows_per_second": rows / seconds if seconds else 0.0}


def put(
    run: Run, stored: Mapping[str, Any], findings: Findings, version: ScoredBy, at: float
) -> None:
    """Figures and charts; ``stored`` is the result as JSON, ``at`` seconds since 1970."""
    from core.evaluation import figures

    summary = stored["summary"]
    run.metrics({name: summary[name] for name in _COUNTS}, at=at)
    run.metrics(summary["metrics"] or {}, prefix="prod_", at=at)
    for other in summary["also"]:
        run.metrics(other["metrics"] or {}, prefix=f"prod_v{other['version']}_", at=at)
    run.metrics({o.column: o.share for o in findings.out_of_range}, prefix="out_of_range_", at=at)
    run.json(stored, "score.json")
    histogram = figures.counted_histogram(findings.histogram, findings.above, version.threshold)
    run.figure(histogram, "figures/probability.html")
    if findings.roc is not None:
        roc = figures.roc_figure({version.label: findings.roc}, version.label)
        run.figure(roc, "figures/roc.html")
    if findings.calibration is not None:
        shown = figures.calibration_figure({version.label: findings.calibration})
        run.figure(shown, "figures/calibration.html")


def put_files(run: Run, paths: Iterable[Path]) -> None:
    """The scored files, as far as they are small enough to be kept twice."""
    for path in paths:
        if path.stat().st_size <= _LARGEST_ARTIFACT_BYTES:
            run.file(path, "scored")
