"""A process that appends to a log and tells, line by line, what was acknowledged.

``python log_appender.py LOG NAME APPENDS`` - every append has 1 to 5 rows, some of them with
nasty text; after each, one line with its number of rows goes to standard output.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd

from core.inference_log import InferenceLog


def main(path: str, name: str, appends: int) -> None:
    log = InferenceLog(Path(path), ["writer", "turn", "text"], {"writer": "categorical"})
    for turn in range(appends):
        rows = turn % 5 + 1
        frame = pd.DataFrame({"writer": name, "turn": turn, "text": ['line\n"two", and =3'] * rows})
        chance = np.full(rows, 0.5)
        log.append(
            frame, probability=chance, prediction=chance > 0.5, source="rest", model_version="1"
        )
        print(turn, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
