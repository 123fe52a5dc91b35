"""Processes by identity: when one counts as gone."""

from __future__ import annotations

import fcntl
import subprocess
import sys
from pathlib import Path

import psutil

from core import processes

# Threads in the kernel's hands for a while, and memory that takes time to give back.
HOLDER = """
import fcntl, sys, threading, time
import numpy as np
lock = open(sys.argv[1], "w")
fcntl.flock(lock, fcntl.LOCK_EX)
square = np.ones((800, 800))
def work():
    while True:
        square @ square
for _ in range(8):
    threading.Thread(target=work, daemon=True).start()
held = np.ones(20_000_000)
print("ready", flush=True)
time.sleep(600)
"""


def test_a_killed_process_counts_as_gone_once_its_locks_are_free(tmp_path: Path) -> None:
    path = tmp_path / "held.lock"
    for _ in range(5):
        command = [sys.executable, "-c", HOLDER, str(path)]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as holder:
            assert holder.stdout is not None
            holder.stdout.readline()
            process = psutil.Process(holder.pid)
            assert processes.is_alive(process)
            process.kill()
            while processes.is_alive(process):
                pass
            with path.open("w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            assert process.status() == psutil.STATUS_ZOMBIE, "nobody has waited for it yet"
