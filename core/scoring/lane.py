"""Work for a thread of its own, in order: a file is written while the next piece is read."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any

_WAITING = 1


class Lane:
    """Runs calls one after the other beside the caller, at most a few of them waiting.

    A context: at its end every call has been made, unless one failed or the block raised; then
    those that still wait are dropped. The first error of a call is raised at the next ``put`` or at
    the end of the block.
    """

    def __init__(self, name: str) -> None:
        self._calls: queue.Queue[Callable[[], Any] | None] = queue.Queue(_WAITING)
        self._error: BaseException | None = None
        self._dropped = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def __enter__(self) -> Lane:
        self._thread.start()
        return self

    def put(self, call: Callable[[], Any]) -> None:
        """Hand over a call; waits while too many are waiting already."""
        if self._error is not None:
            raise self._error
        self._calls.put(call)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        raised: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._dropped = raised is not None
        self._calls.put(None)
        self._thread.join()
        if raised is None and self._error is not None:
            raise self._error

    def _run(self) -> None:
        while (call := self._calls.get()) is not None:
            if self._error is None and not self._dropped:
                try:
                    call()
                except BaseException as exc:  # noqa: BLE001 - raised in the caller's thread
                    self._error = exc
