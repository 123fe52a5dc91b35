"""Replay: any window of the inference log through any registered version, on record in MLflow.

A replay is a comparison: its run is tagged ``action=compare`` and ``kind=replay``. The log is only
read.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.dataset import spec as specs
from core.errors import BadInput, NotReady
from core.inference_log import InferenceLog, neutralise_formulas
from core.monitoring import late_labels
from core.scoring import replay, replay_file
from core.scoring.replay import Replayed, Which
from core.settings import Settings
from core.tracking import models, registry, runs
from core.tracking.registry import Version

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from plotly.graph_objects import Figure

__all__ = ["Report", "Which", "changed_csv", "figure", "run"]

SOURCES = ("form", "batch", "rest", "cli")
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Report:
    """What a replay found. ``summary`` is the JSON of ``python -m core replay``.

    ``changed`` holds the changed rows with the largest differences, the furthest first.
    """

    summary: dict[str, Any]
    version: Version
    found: Replayed
    changed: pd.DataFrame


def run(
    settings: Settings,
    project: str,
    version: str,
    which: Which | None = None,
    out: Path | None = None,
    on_progress: Progress | None = None,
) -> Report:
    """Ask ``version`` about logged rows; the log stays as it is, to the byte.

    ``out``: a parquet or CSV with every replayed row and both answers. Raises NotReady where no
    row matches or none can be scored, BadInput for a version or a choice that there is not.
    """
    spec = specs.load(settings.spec_file(project))
    which = which or Which()
    _check(which, out)
    chosen = registry.find(settings, project, version)
    pipeline = models.load_pipeline(settings, chosen)
    kinds = replay.needed_columns(pipeline, spec)
    log = _log(settings, project, kinds)
    if log.rows() == 0:
        raise NotReady("No prediction has been logged yet; score a production file first.")
    late = late_labels.read(settings.layer(project, "07_model_output") / "late_labels.parquet")
    total = min(which.last_rows or log.rows(), log.rows())
    parameters = {"version": chosen.version, "algorithm": chosen.algorithm, **_words(which)}
    tags = {"kind": "replay", "version": chosen.version}
    name = f"replay through v{chosen.version}"
    with runs.action(settings, project, "compare", name=name, params=parameters, tags=tags) as run:
        found = Replayed()
        pieces = _pieces(log, which)
        with replay_file.writer(out, kinds) as write:
            for asked in replay.ask_again(
                pieces, which, spec, kinds, pipeline, chosen.threshold, late, found
            ):
                write(asked)
                if on_progress is not None:
                    on_progress(min(found.rows_read, total), total)
            _check_found(found, chosen, which)
        summary = _summary(run.run_id, chosen, found, out)
        changed = _changed(found)
        _record(run, summary, found, chosen, changed)
    return Report(summary, chosen, found, changed)


def figure(report: Report, words: tuple[str, str]) -> Figure:
    """Probabilities then and now; ``words``: of class 0, of class 1."""
    from core.scoring.replay_figures import then_and_now

    return then_and_now(report.found, report.version.label, report.version.threshold, words[1])


def changed_csv(report: Report) -> bytes:
    """The changed rows for a spreadsheet, which will run none of them as a formula."""
    return neutralise_formulas(report.changed).to_csv(index=False).encode("utf-8")


def _check(which: Which, out: Path | None) -> None:
    if which.last_rows is not None and which.last_rows < 1:
        raise BadInput(f"The last rows to replay are 1 or more; found {which.last_rows}.")
    if which.last_rows is not None and (which.since or which.until):
        raise BadInput("Choose the last rows or a window of time, not both.")
    if which.since and which.until and which.since >= which.until:
        raise BadInput(f"The window ends ({which.until}) before it begins ({which.since}).")
    if which.source and which.source not in SOURCES:
        raise BadInput(f"A source is one of {', '.join(SOURCES)}; found {which.source!r}.")
    if out is not None and out.suffix not in replay_file.SUFFIXES:
        raise BadInput(f"The output must end in .parquet or .csv; found {out.name!r}.")


def _log(settings: Settings, project: str, kinds: Mapping[str, str]) -> InferenceLog:
    """The log as this version reads it: what is text to it stays text, the rest it reads itself."""
    texts: dict[str, Any] = {k: kind for k, kind in kinds.items() if kind == "categorical"}
    return InferenceLog(settings.inference_log(project), list(kinds), texts)


def _pieces(log: InferenceLog, which: Which) -> Iterator[pd.DataFrame]:
    if which.last_rows is None or not (which.source or which.scored_by):
        return log.stream(which.since, which.until, which.last_rows)
    # The last of those that match: count first, then leave out what comes before them.
    matching = replay.count_matching(log.stream(), which)
    leave_out = max(0, matching - which.last_rows)
    return replay.only_last(log.stream(), which, leave_out, which.last_rows)


def _check_found(found: Replayed, version: Version, which: Which) -> None:
    if not found.rows_read:
        raise NotReady("No logged row matches; choose a wider window, or all sources and versions.")
    if not found.rows:
        reasons = "; ".join(f"{count:,} × {reason}" for reason, count in found.skipped.items())
        raise NotReady(
            f"v{version.version} can score none of the {found.rows_read:,} logged rows "
            f"({reasons[:400]}). Choose other rows or another version."
        )


def _words(which: Which) -> dict[str, Any]:
    return {
        "since": which.since.isoformat() if which.since else "",
        "until": which.until.isoformat() if which.until else "",
        "source": which.source or "",
        "scored_by": which.scored_by or "",
        "last_rows": which.last_rows or "",
    }


def _summary(run_id: str, version: Version, found: Replayed, out: Path | None) -> dict[str, Any]:
    assert found.first is not None and found.last is not None
    label, *answers = found.labelled()
    return {
        "run_id": run_id,
        "version": version.version,
        "algorithm": version.algorithm,
        "rows_read": found.rows_read,
        "rows_replayed": found.rows,
        "rows_skipped": sum(found.skipped.values()),
        "skipped": dict(found.skipped),
        "first_logged_at": found.first.isoformat(),
        "last_logged_at": found.last.isoformat(),
        "scored_by": dict(found.scored_by),
        "agreement": found.agreement,
        "changed": {
            "total": found.changed,
            "to_positive": found.to_positive,
            "to_negative": found.to_negative,
        },
        "mean_absolute_difference": found.mean_absolute_difference,
        "largest_difference": found.largest_difference,
        "mean_probability": {
            "then": found.mean_probability_then,
            "now": found.mean_probability_now,
        },
        "positives": {"then": found.positives_then, "now": found.positives_now},
        "labelled_rows": len(label),
        "metrics": _metrics(label, *answers) if len(label) else None,
        "out": str(out) if out else None,
    }


def _metrics(
    label: np.ndarray,
    probability_then: np.ndarray,
    probability: np.ndarray,
    prediction_then: np.ndarray,
    prediction: np.ndarray,
) -> dict[str, dict[str, float | None]]:
    """Metrics of both answers; decisions count as they were made, at whatever threshold."""
    return {
        "then": _measured(label, probability_then, prediction_then),
        "now": _measured(label, probability, prediction),
    }


def _measured(
    label: np.ndarray, probability: np.ndarray, prediction: np.ndarray
) -> dict[str, float | None]:
    from core.evaluation.metrics import METRICS
    from core.evaluation.tally import Confusion, ScoredLabels

    tally = ScoredLabels.of(label, probability).tally()
    decided = Confusion(
        true_negatives=int(((prediction == 0) & (label == 0)).sum()),
        false_positives=int(((prediction == 1) & (label == 0)).sum()),
        false_negatives=int(((prediction == 0) & (label == 1)).sum()),
        true_positives=int(((prediction == 1) & (label == 1)).sum()),
    )
    values = {key: getattr(decided, key, None) for key in METRICS}
    values |= {"roc_auc": tally.roc_auc(), "log_loss": tally.log_loss(), "brier": tally.brier()}
    return {k: None if v is None or math.isnan(v) else float(v) for k, v in values.items()}


def _changed(found: Replayed) -> pd.DataFrame:
    import pandas as pd

    return found.furthest if found.furthest is not None else pd.DataFrame()


def _record(
    run: runs.RunLog,
    summary: dict[str, Any],
    found: Replayed,
    version: Version,
    changed: pd.DataFrame,
) -> None:
    from core.scoring.replay_figures import then_and_now

    counts = ("rows_read", "rows_replayed", "rows_skipped", "labelled_rows")
    shares = ("agreement", "mean_absolute_difference", "largest_difference")
    run.metrics({name: summary[name] for name in (*counts, *shares)})
    run.metrics(summary["changed"], prefix="changed_")
    for when, values in (summary["metrics"] or {}).items():
        run.metrics(values, prefix=f"{when}_")
    run.json(summary, "replay.json")
    if len(changed):
        run.text(changed.to_csv(index=False), "changed_rows.csv")
    drawn = then_and_now(found, version.label, version.threshold, "the positive class")
    run.figure(drawn, "figures/replay.html")
