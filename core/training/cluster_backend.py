"""joblib's Dask backend, made fit for losing a worker. Imports Dask: only with a cluster."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from joblib._dask import DaskDistributedBackend


class SharingBackend(DaskDistributedBackend):
    """Every worker holds the data, and a failure of the cluster's reaches the caller.

    joblib's own keeps each array on one worker, and with that worker the search is lost; of an
    error that no fit raised (a killed worker) it tells nobody, and the caller waits for ever.
    """

    def __init__(self, client: Any, arrays: Sequence[Any]) -> None:
        """``arrays``: what tasks have in common, by identity; they send a reference to it."""
        super().__init__(client=client)
        self._scatter = list(arrays)
        futures = client.scatter(self._scatter, broadcast=True, hash=False)
        self.data_futures = {id(a): f for a, f in zip(self._scatter, futures, strict=True)}

    def effective_n_jobs(self, n_jobs: int) -> int:
        """At least 2: joblib would run the fits here for a cluster of one thread."""
        return max(2, super().effective_n_jobs(n_jobs))

    async def _collect(self) -> None:
        while self._continue:
            async for future, result in self.waiting_futures:
                waiting, callback = self._results.pop(future), self._callbacks.pop(future)
                # An error is (type, exception, traceback); joblib raises an exception it is handed.
                outcome = result[1] if future.status == "error" else result
                waiting.set_result(outcome)
                callback(outcome)
            await asyncio.sleep(0.01)
