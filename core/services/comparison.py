"""Versions side by side and paired evidence on the same rows; the contract's ``compare``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from core.dataset import spec as specs
from core.dataset.slices import cut, find_conditions
from core.dataset.validate import coerce
from core.errors import IntegrityError, NotReady
from core.evaluation.decisions import Payoff
from core.evaluation.metrics import METRICS, MetricInfo
from core.evaluation.one_sided import REMEDY
from core.evaluation.sides import Side
from core.evaluation.weak_spots import WeakSpot, calibration_spots, log_loss_spots
from core.evidence import bench as benches
from core.evidence.again import twins
from core.evidence.bench import Measured
from core.evidence.compared import Compared, compared
from core.evidence.holdouts import row_keys, share_a_holdout
from core.evidence.learnt import unlearnt_rows
from core.evidence.origins import Origin
from core.evidence.origins import origins as find_origins
from core.monitoring import late_labels, places
from core.monitoring.judged import Judged, comparable, judged
from core.scoring.log import open_log
from core.settings import Settings
from core.tracking import registry, runs, store
from core.tracking import unregistered as strays
from core.tracking.registry import Version

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "HOLDOUT_METRICS",
    "METRICS",
    "REMEDY",
    "Compared",
    "Judged",
    "Measured",
    "Origin",
    "Payoff",
    "Side",
    "Version",
    "WeakSpot",
    "comparable",
    "judged",
    "twins",
]

TEST_METRICS = ("roc_auc", "log_loss", "f1", "accuracy", "precision", "recall", "kappa", "mcc")
HOLDOUT_METRICS: tuple[MetricInfo, ...] = tuple(METRICS[name] for name in TEST_METRICS)
PRODUCTION_ROWS = 20_000
_LEAST_LABELLED = 30


def versions(settings: Settings, project: str) -> list[Version]:
    """Registered versions, newest first; looking does not make a store where there is none."""
    if store.is_new(settings):
        return []
    return registry.versions(settings, project)


def unregistered(
    settings: Settings, project: str, registered: Sequence[Version] | None = None
) -> list[Version]:
    """Models of finished runs that are no registered version, newest first.

    ``registered``: all that are, where they are known already.
    """
    return [] if store.is_new(settings) else strays.unregistered(settings, project, registered)


def origins(settings: Settings, project: str, chosen: Sequence[Version]) -> dict[str, Origin]:
    """By version number: its run, training and preparation, where they still are."""
    return find_origins(settings, project, chosen)


def same_holdout(settings: Settings, project: str, chosen: Sequence[Version]) -> bool:
    """Whether the figures logged with these versions are of the same rows, the present holdout."""
    return share_a_holdout(settings, project, chosen)


def measured(settings: Settings, project: str, chosen: Sequence[Version]) -> Compared:
    """Versions on the holdout rows that none was trained on; NotReady where nothing is prepared."""
    spec = specs.load(settings.spec_file(project))
    return compared(benches.measure(settings, spec, chosen), chosen)


def on_recent(settings: Settings, project: str, chosen: Sequence[Version]) -> Compared | None:
    """Versions on the newest production rows that none learnt from, as a retraining held them back.

    None where none of them comes of a retraining; NotReady where its rows are gone.
    """
    spec = specs.load(settings.spec_file(project))
    bench = benches.measure_recent(settings, spec, chosen)
    return None if bench is None else compared(bench, chosen)


def on_production(settings: Settings, project: str, chosen: Sequence[Version]) -> Compared:
    """Versions on the newest labelled rows of the inference log, each row counted once.

    Rows that one of them learnt from do not count; a version of which nobody knows that is set
    aside. NotReady where fewer than 30 rows have labels.
    """
    spec = specs.load(settings.spec_file(project))
    rows = open_log(settings, spec).tail(PRODUCTION_ROWS)
    label = late_labels.joined(rows, late_labels.read(places.labels_path(settings, project)))
    values = coerce(rows, spec, "The inference log").values
    known = ~np.isnan(label)
    table = values[known].assign(**{spec.target.column: label[known].astype(int)})
    if len(table):
        _, first = np.unique(row_keys(table, spec), return_index=True)
        table = table.iloc[np.sort(first)].reset_index(drop=True)
    if len(table) < _LEAST_LABELLED:
        raise NotReady(
            f"{len(table):,} different rows of the inference log have labels; "
            f"{_LEAST_LABELLED} are needed. Give labels on the Monitor page, or score a file that "
            "has them."
        )
    rows = unlearnt_rows(settings, spec, chosen, table)
    if left := len(table) - len(rows.table):
        note = f"{left:,} more are left out: one of the versions learnt from rows equal to them."
        rows = replace(rows, note=note)
    return compared(benches.measure_on(settings, spec, chosen, rows), chosen)


def weak_spots(
    settings: Settings, project: str, measured: Compared, challenger: str, what: str
) -> list[WeakSpot]:
    """Slices where a challenger is worse than the champion; ``what``: log loss or calibration."""
    spec = specs.load(settings.spec_file(project))
    bench = measured.bench
    mine, theirs = bench.of(challenger), bench.of(measured.champion or "")
    if mine is None or theirs is None:
        return []
    pieces = cut(bench.raw, find_conditions(bench.raw, spec.kinds))
    find = log_loss_spots if what == "log loss" else calibration_spots
    return find(pieces, bench.y, theirs.probability, mine.probability)


def hyperparameter_table(chosen: Sequence[Version], only_differing: bool) -> pd.DataFrame:
    """One row per hyperparameter, one column per version; absent ones are empty."""
    import pandas as pd

    names = sorted({name for version in chosen for name in version.params})
    table = pd.DataFrame(
        {version.label: [version.params.get(name, "") for name in names] for version in chosen},
        index=pd.Index(names, name="hyperparameter"),
    )
    if only_differing and len(chosen) > 1:
        table = table[table.nunique(axis=1) > 1]
    return table


def compare(
    settings: Settings, project: str, which: Sequence[str] = (), record: bool = True
) -> dict[str, Any]:
    """Challengers against the champion on rows that none was trained on; contract JSON.

    ``which``: versions by number or alias, and runs' models ("run-3f2a1b9c"); none: all versions.
    Differences are paired: ROC AUC by DeLong, the rest by bootstrap; verdicts are corrected for
    the number of challengers (Holm). ``recent`` holds the same on the newest production rows that
    none learnt from, where one comes of a retraining; None elsewhere. IntegrityError where the
    champion itself cannot be measured.
    """
    listed = registry.versions(settings, project)
    champion = registry.find(settings, project)
    chosen = [_found(settings, project, name) for name in which] if which else listed
    challengers = _others(chosen, champion)
    found = measured(settings, project, [champion, *challengers])
    if champion.version not in found.sides:
        raise IntegrityError(
            f"The champion cannot be compared. {found.bench.absent[champion.version]}"
        )
    recent = on_recent(settings, project, [champion, *challengers])
    target = specs.load(settings.spec_file(project)).target
    names = (target.positive_words, target.negative_words)
    result = {
        "project": project,
        **_told(found, champion, challengers, names),
        "recent": None if recent is None else _told(recent, champion, challengers, names),
    }
    if record:
        with runs.action(
            settings,
            project,
            "compare",
            params={"champion": champion.version, "versions": ",".join(v.version for v in chosen)},
        ) as run:
            run.json(result, "compare.json")
            result["run_id"] = run.run_id
    return result


def _found(settings: Settings, project: str, name: str) -> Version:
    if not strays.is_run(name):
        return registry.find(settings, project, name)
    return strays.find(settings, project, name)


def _others(chosen: Sequence[Version], champion: Version) -> list[Version]:
    by_number = {version.version: version for version in chosen}
    return [version for number, version in by_number.items() if number != champion.version]


def _told(
    found: Compared, champion: Version, challengers: Sequence[Version], names: tuple[str, str]
) -> dict[str, Any]:
    """The versions on some rows; the champion is None where it could not be measured there.

    ``names``: what positive and negative rows are called.
    """
    there = champion.version in found.sides
    return {
        "rows": found.rows,
        "note": found.bench.note or None,
        "champion": _described(champion, found, names) if there else None,
        "candidates": [
            _candidate(version, found, names)
            for version in challengers
            if there and version.version in found.sides
        ],
        "not_compared": dict(found.bench.absent),
    }


def _candidate(version: Version, found: Compared, names: tuple[str, str]) -> dict[str, Any]:
    side = found.sides[version.version]
    judged = side.judgements["roc_auc"]
    return {
        **_described(version, found, names),
        "differences": {key: one.as_dict() for key, one in side.differences.items()},
        "verdict": judged.sentence,
        "judgement": judged.word,
    }


def _described(version: Version, found: Compared, names: tuple[str, str]) -> dict[str, Any]:
    side, alike = found.sides[version.version], found.one_sided.get(version.version)
    return {
        "version": version.version,
        "algorithm": version.algorithm,
        "test": {key: one.as_dict()["value"] for key, one in side.metrics.items()},
        "intervals": {key: one.as_dict() for key, one in side.metrics.items()},
        "caution": alike.finding(version.name, *names) if alike else None,
    }
