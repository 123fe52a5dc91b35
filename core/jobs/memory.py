"""How much memory a job takes: its worker and every process below it, together."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import psutil

# The worker's own peak comes from the operating system and is exact; its children are looked at
# this often. Looking takes about 10 ms of a processor.
_SECONDS_BETWEEN_LOOKS = 2.0
_STATUS = Path("/proc/self/status")


class PeakMemory:
    """The largest sum of resident memory over a process and its children, in bytes.

    Memory that processes share (libraries, mapped files) counts once for each of them.
    """

    def __init__(self) -> None:
        self._process = psutil.Process(os.getpid())
        self._lock = threading.Lock()
        self._seen = 0

    def watch(self) -> None:
        """Look from now on until the process ends."""
        threading.Thread(target=self._look_on, name="peak-memory", daemon=True).start()

    @property
    def peak_bytes(self) -> int:
        """The peak up to now, this moment included."""
        self._look()
        return max(self._seen, _own_peak_bytes())

    def _look_on(self) -> None:
        pause = threading.Event()
        while not pause.wait(_SECONDS_BETWEEN_LOOKS):
            self._look()

    def _look(self) -> None:
        total = _resident_bytes(self._process)
        try:
            total += sum(map(_resident_bytes, self._process.children(recursive=True)))
        except psutil.Error:
            return  # a child went while its own children were listed: the next look counts
        with self._lock:
            self._seen = max(self._seen, total)


def _own_peak_bytes() -> int:
    """This process's peak by Linux's count; 0 where there is none.

    Not getrusage's: that one starts from the size of whoever started the process.
    """
    try:
        for line in _STATUS.read_text(encoding="ascii", errors="replace").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError, IndexError):
        return 0
    return 0


def _resident_bytes(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.Error:
        return 0  # it has just ended
