"""What the server's garbage collection need not look through after each run of a page."""

from __future__ import annotations

import gc
import sys
import threading

# Fewer libraries than that are looked through in no time.
WORTH_IT = 20


class Collector:
    """This process's garbage collector, and how many modules it has been told to pass over."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._kept = 0

    def keep_libraries(self) -> None:
        """Tell it that the libraries loaded by now stay.

        Streamlit collects garbage after every run, those of a fragment included. A quarter of a
        second of each went into looking through the libraries, where there is none; what a page
        leaves is collected as before. Does nothing where few were loaded since the last time.
        """
        with self._turn:
            if len(sys.modules) - self._kept < WORTH_IT:
                return
            gc.collect()  # what is garbage now must not be kept
            gc.freeze()
            self._kept = len(sys.modules)


_collector = Collector()
keep_libraries = _collector.keep_libraries
