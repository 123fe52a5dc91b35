"""One way of scoring a file, in a process of its own.

``python scoring_contenders.py WAY HOME FILE FEW``

Prints seconds and peak memory as JSON. Every way is warmed up on a few rows first, so that what is
measured is the work and not the imports.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

PROJECT = "sample"


def floor(home: Path, file: Path) -> None:
    """Nothing but reading, predicting, and one full log line a row by Arrow's CSV writer."""
    import pyarrow as pa
    import pyarrow.parquet as pq
    from pyarrow import csv

    from core.dataset import spec as specs
    from core.settings import Settings
    from core.tracking import models, registry

    settings = Settings.from_env()
    spec = specs.load(settings.spec_file(PROJECT))
    pipeline = models.load_pipeline(settings, registry.find(settings, PROJECT))
    table = pq.read_table(file)
    probability = pipeline.predict_proba(table.select(list(spec.raw_columns)).to_pandas())[:, 1]
    rows = len(table)
    line = {
        "logged_at": pa.repeat("2026-01-31T09:30:00.000000+00:00", rows),
        "prediction_id": pa.array(range(rows)).cast(pa.string()),
        "request_id": pa.repeat("0123456789abcdef0123456789abcdef", rows),
        "source": pa.repeat("batch", rows),
        "model_version": pa.repeat("1", rows),
        **{name: table[name] for name in spec.raw_columns},
        "probability": pa.array(probability),
        "prediction": pa.array(probability > 0.5).cast(pa.int8()),
        "label": table[spec.target.column],
    }
    csv.write_csv(pa.table(line), home / "floor.csv")


def courtside(home: Path, file: Path) -> None:
    """Everything: features, figures, scored parquet, every row logged, MLflow run."""
    from core.services import scoring
    from core.settings import Settings

    settings = Settings.from_env()
    out = scoring.output_path(settings, PROJECT, file.name)
    scoring.score_file(settings, PROJECT, file, out)
    out.unlink()


def pycaret(home: Path, file: Path) -> Callable[[], None]:
    """PyCaret's ``predict_model`` on the features in memory, nothing written, nothing logged."""
    import pandas as pd
    from pycaret.classification import ClassificationExperiment

    from core.dataset import spec as specs
    from core.dataset.features import RawFeatures
    from core.settings import Settings

    settings = Settings.from_env()
    spec = specs.load(settings.spec_file(PROJECT))
    raw = RawFeatures(spec.kinds, dict(spec.derived), list(spec.features))
    target = spec.target.column

    def features(path: Path) -> pd.DataFrame:
        frame = pd.read_parquet(path, columns=[*spec.raw_columns, target]).dropna()
        return raw.transform(frame).assign(**{target: frame[target].astype(int)})

    trained = features(settings.layer(PROJECT, "01_raw") / spec.dev_file)
    experiment = ClassificationExperiment()
    experiment.setup(trained, target=target, preprocess=False, verbose=False, html=False)
    model = experiment.create_model("lr", verbose=False)
    rows = features(file)
    return lambda: experiment.predict_model(model, data=rows, verbose=False)


def main(way: str, home: Path, file: Path, few: Path) -> None:
    if way == "pycaret":
        work = pycaret(home, file)
    else:
        run = {"floor": floor, "courtside": courtside}[way]
        run(home, few)
        work = lambda: run(home, file)  # noqa: E731
    begun, cpu = time.perf_counter(), time.process_time()
    work()
    measured = {
        "seconds": time.perf_counter() - begun,
        "cpu_seconds": time.process_time() - cpu,
        "peak_megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    print(json.dumps(measured))


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    os.environ["COURTSIDE_HOME"] = sys.argv[2]
    main(sys.argv[1], *map(Path, sys.argv[2:5]))
