"""A Dask cluster on which the fits of a search run, through joblib's own Dask backend.

Nothing of Dask is imported unless ``COURTSIDE_DASK_SCHEDULER`` names a scheduler. The cluster's
workers need this Python and the packages of requirements.txt in the same versions, or the figures
could differ in the last digits; they need no code of Courtside's and none of its files.
"""

from __future__ import annotations

import platform
import socket
from collections.abc import Callable, Iterable, Iterator
from importlib import metadata
from typing import Any
from urllib.parse import urlsplit

from core.errors import BadInput, JobError

# What decides the digits of a fit. Packages that a worker lacks are named too.
_SAME_VERSIONS = ("scikit-learn", "numpy", "scipy", "pandas", "joblib")
_CONNECT_SECONDS = 10.0
# So often may the cluster lose work without one further fit in between before that is an error.
_ATTEMPTS = 5

Task = tuple[Any, tuple[Any, ...], dict[str, Any]]


def check_reachable(address: str | None, seconds: float = 3.0) -> None:
    """BadInput where nothing listens at ``address``; without one there is nothing to check.

    A plain socket: cheap enough for a page, and free of Dask.
    """
    if address is None:
        return
    parts = urlsplit(address)
    try:
        socket.create_connection((parts.hostname, parts.port), seconds).close()
    except OSError as exc:
        raise _unreachable(address, str(exc.strerror or exc)) from exc


def connect(address: str | None) -> Cluster | None:
    """The cluster at ``address``, ready for fits; None without an address.

    Raises BadInput where there is no scheduler, where it has no workers, and where those have
    other versions of what decides a fit's digits than this process has.
    """
    if address is None:
        return None
    check_reachable(address)
    from distributed import Client

    try:
        client = Client(address, timeout=_CONNECT_SECONDS, set_as_default=False)
    except (OSError, TimeoutError, ValueError) as exc:
        raise _unreachable(address, str(exc)) from exc
    try:
        client.wait_for_workers(1, timeout=_CONNECT_SECONDS)
    except TimeoutError as exc:
        client.close()
        raise BadInput(
            f"The Dask scheduler at {address} has no workers; start some (`dask worker {address} "
            "--nthreads 1`), or unset COURTSIDE_DASK_SCHEDULER to train on this machine."
        ) from exc
    try:
        _check_versions(client)
    except BadInput:
        client.close()
        raise
    return Cluster(client, address)


class Cluster:
    """Runs tasks of joblib's on the workers of one scheduler."""

    def __init__(self, client: Any, address: str) -> None:
        self._client = client
        self._address = address

    def run(
        self, tasks: Iterable[Task], stream: Callable[[Iterable[Task], Any], Iterator[Any]]
    ) -> list[Any]:
        """Results of ``tasks`` in their order; ``stream`` yields them, given a joblib backend.

        What a lost worker was at is done again by another; results that are here stay. JobError
        where the scheduler is gone, or where work is lost again and again.
        """
        from core.training.cluster_backend import SharingBackend

        waiting = list(tasks)
        results: list[Any] = []
        lost = 0
        while len(results) < len(waiting):
            before = len(results)
            try:
                backend = SharingBackend(self._client, _arrays(waiting[before:]))
                for result in stream(waiting[before:], backend):
                    results.append(result)
            except _lost_work() as exc:
                lost = lost + 1 if len(results) == before else 1
                self._go_on(lost, exc)
        return results

    def close(self) -> None:
        self._client.close()

    def _go_on(self, lost: int, exc: BaseException) -> None:
        """Wait for a worker after a loss; JobError where that is in vain."""
        try:
            check_reachable(self._address)
            if self._client.status != "running":
                raise TimeoutError
            self._client.wait_for_workers(1, timeout=_CONNECT_SECONDS)
        except (BadInput, OSError, TimeoutError) as gone:
            raise JobError(
                f"The Dask cluster at {self._address} was lost during the search: its scheduler or "
                "all its workers are gone. Start them and retry, or unset COURTSIDE_DASK_SCHEDULER."
            ) from gone
        if lost >= _ATTEMPTS:
            raise JobError(
                f"The workers of the Dask cluster at {self._address} were lost {lost} times at the "
                f"same fits ({exc}); give them more memory, or train on this machine."
            ) from exc


def _lost_work() -> tuple[type[BaseException], ...]:
    from concurrent.futures import CancelledError

    from distributed import KilledWorker
    from distributed.client import FutureCancelledError

    return (CancelledError, FutureCancelledError, KilledWorker, OSError, TimeoutError)


def _arrays(tasks: list[Task]) -> list[Any]:
    """The tables and index arrays that ``tasks`` share, each once."""
    found: dict[int, Any] = {}
    for _, positional, named in tasks:
        for value in (*positional[1:], named.get("train"), named.get("test")):
            if hasattr(value, "shape"):
                found[id(value)] = value
    return list(found.values())


def _check_versions(client: Any) -> None:
    wrong: set[str] = set()
    for worker, version in client.run(platform.python_version).items():
        if version.split(".")[:2] != platform.python_version().split(".")[:2]:
            wrong.add(f"{worker} runs Python {version}, not {platform.python_version()}")
    for package in _SAME_VERSIONS:
        here = _version_here(package)
        for worker, there in client.run(metadata.version, package, on_error="return").items():
            if there != here:
                found = there if isinstance(there, str) else "none"
                wrong.add(f"{worker} has {package} {found}, not {here}")
    if wrong:
        raise BadInput(
            f"The Dask workers must have the packages of requirements.txt, as here: "
            f"{'; '.join(sorted(wrong)[:3])}. Install them there, or unset "
            "COURTSIDE_DASK_SCHEDULER."
        )


def _version_here(package: str) -> str:
    return metadata.version(package)


def _unreachable(address: str, why: str) -> BadInput:
    return BadInput(
        f"The Dask scheduler at {address} cannot be reached ({why}). Start it, correct "
        "COURTSIDE_DASK_SCHEDULER, or unset it to train on this machine."
    )
