"""Many processes that append to one log, forked from one so that imports are paid once.

``python log_storm.py LOG PROCESSES APPENDS`` tells on standard output, a line each: ``pid NAME
PID``,
``logged NAME TURN`` for every acknowledged append of ``TURN % 5 + 1`` rows, ``done NAME``. Once
standard input is closed, ``ended NAME CODE`` for every process.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import pandas as pd

from core.inference_log import InferenceLog


def main(path: str, processes: int, appends: int) -> None:
    names = {}
    for number in range(processes):
        pid = os.fork()
        if pid == 0:
            append(Path(path), f"w{number}", appends)
            os._exit(0)
        names[pid] = f"w{number}"
        tell(f"pid w{number} {pid}")
    sys.stdin.read()
    # Not earlier: until it is waited for, nobody else can get a dead process's number.
    for pid, name in names.items():
        _, status = os.waitpid(pid, 0)
        tell(f"ended {name} {os.waitstatus_to_exitcode(status)}")


def append(path: Path, name: str, appends: int) -> None:
    log = InferenceLog(path, ["writer", "turn", "text"], {"writer": "categorical"})
    for turn in range(appends):
        rows = turn % 5 + 1
        frame = pd.DataFrame({"writer": name, "turn": turn, "text": ['line\n"two", and =3'] * rows})
        chance = np.full(rows, 0.5)
        log.append(
            frame, probability=chance, prediction=chance > 0.5, source="rest", model_version="1"
        )
        tell(f"logged {name} {turn}")
    tell(f"done {name}")


def tell(line: str) -> None:
    """One write: lines of several processes never mix in a pipe."""
    os.write(1, f"{line}\n".encode())


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
