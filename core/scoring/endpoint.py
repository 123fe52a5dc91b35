"""The REST endpoint of a project: one MLflow scoring server, started, watched and stopped.

A folder holds all of it: ``endpoint.json`` says which process it is, ``endpoint.log`` what it
printed. Both outlive whoever started the server.

    (absent) ──> starting ──> running ──> stopped
                    └────────────┴──────> died (nobody stopped it)

While another version takes over, the endpoint stays "running": ``next_version`` loads beside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from core.scoring import endpoint_start, server_log, server_process
from core.scoring.endpoint_folder import EndpointFolder, Record
from core.scoring.endpoint_start import Order

# 10 seconds on an idle machine; a busy one has been seen to take two minutes.
WAIT_SECONDS = 240.0

State = Literal["running", "starting", "died", "stopped"]


@dataclass(frozen=True)
class Endpoint:
    """A scoring server as it was when looked at. ``url`` is where a client here reaches it.

    ``started_at`` is UTC. ``message`` is one sentence for a person: for a dead one, the reason.
    ``next_version`` loads beside it and will take over; ``next_problem`` says why one could not.
    """

    state: State
    url: str
    host: str
    port: int
    pid: int
    version: str
    model_uri: str
    started_at: datetime
    message: str
    next_version: str | None = None
    next_problem: str = ""

    @property
    def is_live(self) -> bool:
        """Whether its process exists: running or starting."""
        return self.state in {"running", "starting"}

    @property
    def is_changing(self) -> bool:
        """Whether a server is loading, so that looking again soon is worth while."""
        return self.state == "starting" or self.next_version is not None

    @property
    def uptime_seconds(self) -> float:
        """Seconds since it was started; 0 where it does not run."""
        passed = (datetime.now(UTC) - self.started_at).total_seconds()
        return max(passed, 0.0) if self.is_live else 0.0


def start(
    folder: Path,
    *,
    model_uri: str,
    version: str,
    tracking_uri: str,
    port: int = 5002,
    host: str = server_process.LOOPBACK,
    wait_seconds: float = WAIT_SECONDS,
) -> Endpoint:
    """Serve ``model_uri`` on ``host:port``; returns when the server answers.

    A healthy server of the same ``version`` is returned as it is, wherever it listens; one that
    is still loading is waited for; one of another version answers until the new one does, then is
    ended. With ``wait_seconds`` 0 it returns at once; ``wait`` does the rest. Raises EndpointError
    if the port is taken, the server ends or is stopped before it answers, or does not answer in
    time (it is stopped then).
    """
    files = EndpointFolder(folder)
    order = Order(model_uri, version, tracking_uri, port, host)
    record, launched = endpoint_start.reuse_or_launch(files, order)
    if wait_seconds > 0:
        endpoint_start.wait_until_ready(files, record, wait_seconds, owned=launched)
    return _observed(files, files.read() or record)


def wait(folder: Path, wait_seconds: float = WAIT_SECONDS) -> Endpoint | None:
    """See a server that was started without waiting through; None where there is none.

    Raises EndpointError as ``start`` does.
    """
    files = EndpointFolder(folder)
    coming = files.read_next()
    record = coming if coming and coming.state != "stopped" else files.read()
    if record is not None and record.state != "stopped":
        endpoint_start.wait_until_ready(files, record, wait_seconds, owned=True)
    return status(folder)


def status(folder: Path) -> Endpoint | None:
    """The endpoint as it stands, whoever started it; None where there never was one.

    A next server that answers is put in charge, should nobody be waiting for it any more.
    """
    files = EndpointFolder(folder)
    coming = files.read_next()
    if coming is not None and coming.state != "stopped":
        process = coming.find_process()
        if process is not None and endpoint_start.is_ready(coming, process):
            endpoint_start.put_in_charge(files, coming)
    while record := files.read():
        endpoint = _observed(files, record)
        # Replaced between the reading and the look at its process: then look again.
        if endpoint.state != "died" or files.read() == record:
            return endpoint
    return None


def stop(folder: Path) -> Endpoint | None:
    """End the server and everything below it; None where there never was one.

    Repeated calls do no harm. Only processes that are known to be the endpoint's are ended.
    Raises EndpointError if the operating system does not let one end.
    """
    files = EndpointFolder(folder)
    if files.read() is None:
        return None
    with files.lock():
        record = files.read()
        return None if record is None else _observed(files, endpoint_start.end(files, record))


def is_healthy(endpoint: Endpoint, timeout_seconds: float = 2.0) -> bool:
    """Whether the server answers its health check within the time."""
    if not endpoint.is_live:
        return False
    return endpoint_start.ping(endpoint.host, endpoint.port, timeout_seconds)


def log_tail(folder: Path, lines: int = 40) -> str:
    """The last ``lines`` lines that the server printed; empty where it printed nothing."""
    return server_log.tail(EndpointFolder(folder).log_file, lines)


def _observed(files: EndpointFolder, record: Record) -> Endpoint:
    state, message = _state_now(files, record)
    next_version, next_problem = _next(files, record)
    return Endpoint(
        state=state,
        url=record.url,
        host=record.host,
        port=record.port,
        pid=record.pid,
        version=record.version,
        model_uri=record.model_uri,
        started_at=datetime.fromisoformat(record.started_at),
        message=message,
        next_version=next_version,
        next_problem=next_problem,
    )


def _state_now(files: EndpointFolder, record: Record) -> tuple[State, str]:
    if record.state == "stopped":
        return "stopped", record.problem or "The endpoint is stopped."
    process = record.find_process()
    if process is None:
        return "died", f"The endpoint ended by itself: {server_log.reason(files.log_file)}"
    # Also for one whose starter went away before it answered.
    if record.state == "running" or endpoint_start.is_ready(record, process):
        return "running", f"Version {record.version} answers at {record.url}."
    return "starting", f"Version {record.version} is loading; this takes 10 to 30 seconds."


def _next(files: EndpointFolder, record: Record) -> tuple[str | None, str]:
    """The version that is to take over, or why it could not."""
    coming = files.read_next()
    if coming is None or coming.names_same_process(record):
        return None, ""
    if coming.state == "stopped":
        return None, coming.problem
    if coming.find_process() is None:
        reason = server_log.reason(files.next_log_file)
        return None, f"Version {coming.version} ended before it answered: {reason}"
    return coming.version, ""
