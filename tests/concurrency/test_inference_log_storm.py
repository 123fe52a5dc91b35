"""Sixteen processes append to one log at once and half of them are killed at random moments.

``COURTSIDE_STORM_APPENDS=2000`` asks for the full storm (some minutes).
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.inference_log import InferenceLog, examine, survey

PROCESSES = 16
APPENDS = int(os.environ.get("COURTSIDE_STORM_APPENDS", "60"))
STORM = Path(__file__).with_name("log_storm.py")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not hasattr(os, "fork"), reason="the storm forks its processes"),
]


@dataclass
class Storm:
    """What the processes told, and what became of them."""

    pids: dict[str, int] = field(default_factory=dict)
    acknowledged: set[tuple[str, int]] = field(default_factory=set)
    over: set[str] = field(default_factory=set)
    codes: dict[str, int] = field(default_factory=dict)

    def hear(self, line: str) -> tuple[str, int]:
        """Take one line; the name it is about, and how often that one was acknowledged."""
        what, name, *rest = line.split()
        if what == "pid":
            self.pids[name] = int(rest[0])
        elif what == "logged":
            self.acknowledged.add((name, int(rest[0])))
            return name, int(rest[0]) + 1
        elif what == "done":
            self.over.add(name)
        else:
            self.codes[name] = int(rest[0])
        return name, 0


def test_a_storm_of_appends_with_kills(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = InferenceLog(tmp_path / "inference_log.csv", ["writer", "turn", "text"])
    chance = random.Random(11)
    # Half of them die when so many of their answers have been heard, at whatever they do then.
    deaths = {f"w{n}": chance.randrange(1, APPENDS // 2) for n in range(0, PROCESSES, 2)}
    storm = raise_storm(log.path, deaths)
    assert storm.codes == {f"w{n}": -9 if f"w{n}" in deaths else 0 for n in range(PROCESSES)}
    heal(log)
    found: Counter[tuple[str, int]] = Counter()
    for piece in log.stream():
        found.update(zip(piece["writer"], piece["turn"].astype(int), strict=True))
    missing = storm.acknowledged - set(found)
    assert not missing, f"acknowledged, yet not there: {sorted(missing)[:5]}"
    # Every append is whole: as many rows as it had, none of them twice.
    assert {key: count for key, count in found.items() if count != key[1] % 5 + 1} == {}
    # A killed process can have had one append committed whose answer it could not give any more.
    unanswered = Counter(name for name, _ in set(found) - storm.acknowledged if name != "last")
    assert set(unanswered) <= set(deaths) and set(unanswered.values()) <= {1}
    whole = examine(log.path)
    assert (whole.problems, whole.notes, whole.rows) == ((), (), found.total())
    with capsys.disabled():
        print(
            f"\n{PROCESSES} processes, {len(storm.acknowledged):,} appends acknowledged, "
            f"{len(deaths)} killed: {found.total():,} rows, all whole; "
            f"{len(survey(log.path).torn)} torn tails kept aside, {sum(unanswered.values())} "
            "appends committed but not answered"
        )


def raise_storm(path: Path, deaths: dict[str, int]) -> Storm:
    storm = Storm()
    command = [sys.executable, str(STORM), str(path), str(PROCESSES), str(APPENDS)]
    environment = {**os.environ, "PYTHONPATH": str(STORM.parents[2])}
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as nest:
        assert nest.stdin is not None and nest.stdout is not None
        for line in nest.stdout:
            name, answers = storm.hear(line)
            if answers and answers == deaths.get(name):
                os.kill(storm.pids[name], signal.SIGKILL)
                storm.over.add(name)
            if len(storm.over) == PROCESSES and not nest.stdin.closed:
                nest.stdin.close()
    return storm


def heal(log: InferenceLog) -> None:
    """The next append finds whatever the dead have left."""
    frame = pd.DataFrame({"writer": ["last"], "turn": [0], "text": ["x"]})
    chance = np.array([0.5])
    log.append(frame, probability=chance, prediction=chance > 0, source="rest", model_version="1")
