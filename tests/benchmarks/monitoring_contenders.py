"""One way to measure drift or to estimate performance, alone in a process.

``python monitoring_contenders.py WAY FOLDER`` prints a JSON line: seconds (of one call after the
imports and, but for ``courtside``, after the files were read), peak megabytes of the process, and
what was found. It runs in the environments of Evidently and NannyML too, which have no Courtside.
"""

from __future__ import annotations

import json
import resource
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

METRICS = ("roc_auc", "f1", "accuracy", "precision", "recall")
Way = Callable[[], Any]


def courtside(folder: Path) -> Way:
    """A first look, all of it counted: the file read in pieces, the alert thresholds drawn."""
    import pyarrow.parquet as pq
    import scipy.stats  # noqa: F401  (imports are not counted, for nobody)

    from core.monitoring.drift import DriftTally

    profile = _profile(folder)

    def run() -> Any:
        tally = DriftTally(profile)
        for piece in pq.ParquetFile(folder / "new.parquet").iter_batches(250_000):
            tally.add(piece.to_pandas())
        return _figures(tally.drift())

    return run


def courtside_ready(folder: Path) -> Way:
    """As the peers are measured: rows in memory, thresholds known as to NannyML after its fit."""
    from core.monitoring.drift import feature_drift

    profile, new = _profile(folder), pd.read_parquet(folder / "new.parquet")
    feature_drift(profile, new)
    return lambda: _figures(feature_drift(profile, new))


def evidently(folder: Path) -> Way:
    from evidently import Report
    from evidently.presets import DataDriftPreset

    reference, new = _frames(folder)
    return lambda: Report([DataDriftPreset()]).run(new, reference) and None


def nannyml(folder: Path, **methods: list[str]) -> Way:
    """As it comes (Jensen-Shannon only), in one chunk, after its fit."""
    import nannyml as nml

    reference, new = _frames(folder)
    calculator = nml.UnivariateDriftCalculator(
        column_names=list(new.columns),
        treat_as_categorical=["playoffs"],
        chunk_size=len(new),
        **methods,
    ).fit(reference)
    return lambda: calculator.calculate(new) and None


def nannyml_all(folder: Path) -> Way:
    """NannyML with the statistics that it has in common with us."""
    return nannyml(
        folder,
        continuous_methods=["jensen_shannon", "kolmogorov_smirnov", "wasserstein"],
        categorical_methods=["jensen_shannon", "chi2"],
    )


def nannyml_cbpe(folder: Path) -> Way:
    import nannyml as nml

    scored = pd.read_parquet(folder / "scored_reference.parquet")
    chunks = pd.read_parquet(folder / "scored_chunks.parquet")
    estimator = nml.CBPE(
        y_true="label",
        y_pred="prediction",
        y_pred_proba="probability",
        problem_type="classification_binary",
        metrics=list(METRICS),
        chunk_size=json.loads((folder / "chunk_rows.json").read_text()),
    ).fit(scored)

    def run() -> Any:
        found = estimator.estimate(chunks).filter(period="analysis").to_df()
        return {metric: found[metric]["value"].tolist() for metric in METRICS} | {
            "calibrated": bool(estimator.needs_calibration)
        }

    return run


def _profile(folder: Path) -> Any:
    from core.monitoring.profile import ReferenceProfile

    return ReferenceProfile.from_dict(json.loads((folder / "profile.json").read_text()))


def _figures(drift: Any) -> dict[str, list[float | None]]:
    return {
        one.name: [one.psi, one.js_distance, one.ks, one.wasserstein, one.chi_squared]
        for one in drift
    }


def _frames(folder: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    return pd.read_parquet(folder / "reference.parquet"), pd.read_parquet(folder / "new.parquet")


def main(way: str, folder: Path) -> None:
    warnings.simplefilter("ignore")  # the peers' own
    ways = (courtside, courtside_ready, evidently, nannyml, nannyml_all, nannyml_cbpe)
    run = {made.__name__: made for made in ways}[way](folder)
    begun = time.perf_counter()
    found = run()
    seconds = time.perf_counter() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "peak_megabytes": peak, "found": found}))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
