"""Importing large libraries in the worker, quicker than they come."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """Within it, libraries are imported; what they hold is never looked through for garbage.

    Python's collector takes a fifth of the time that PyCaret takes to import, and finds nothing.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


@contextmanager
def without(*names: str) -> Iterator[None]:
    """Within it, libraries that would import ``names`` as they are installed find them absent.

    Those imported already stay. For a block in which no other thread imports them.
    """
    absent = [name for name in names if name not in sys.modules]
    sys.modules.update(dict.fromkeys(absent))  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name in absent:
            sys.modules.pop(name, None)
