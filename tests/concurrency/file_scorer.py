"""A process that scores a file with a plain formula: ``file_scorer.py FOLDER SECONDS LIMIT``.

FOLDER holds ``project.yaml`` and ``in.parquet``; every piece takes SECONDS, so that it can be
killed between two of them. LIMIT is the most bytes that a file may have here (0: as many as it
likes), as on a disk that is full. Prints ``piece N`` after each piece and ``done`` at the end.
"""

from __future__ import annotations

import os
import resource
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from core.dataset import io
from core.dataset import spec as specs
from core.errors import CourtsideError
from core.inference_log import InferenceLog
from core.scoring import batch, resume
from core.scoring.intent import IntentBook
from core.scoring.job import Job, Model

OUT, REJECTED, LOG = "out.parquet", "out_rejected.parquet", "inference_log.csv"


class Formula:
    """Nearer is better."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def predict_proba(self, frame: Any) -> np.ndarray:
        time.sleep(self._seconds)
        positive = 1 / (1 + np.exp(frame["distance"].to_numpy() - 12))
        return np.column_stack([1 - positive, positive])


def main(folder: Path, seconds: float, limit: int) -> int:
    if limit:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    spec = specs.load(folder / "project.yaml")
    log = InferenceLog(folder / LOG, spec.raw_columns, dict(spec.kinds))
    book, request_id = IntentBook(folder), f"r{os.getpid()}"
    job = Job(
        table=io.TableFile(folder / "in.parquet"),
        spec=spec,
        models=[Model("1", "formula", Formula(seconds), 0.5)],
        outputs=[folder / OUT],
        rejected=folder / REJECTED,
        log=log,
        origin="batch",
        request_id=request_id,
        shown_as="in.parquet",
    )
    resume.settle(book, log, lambda intent: None, lambda intent: None, lambda job_id: "waiting")
    try:
        with book.holding(request_id):
            batch.score_file(
                job, book, on_progress=lambda done, total: print(f"piece {done}", flush=True)
            )
            book.remove(request_id)
    except CourtsideError as exc:
        print(exc, file=sys.stderr)
        return 2
    print("done", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])))
