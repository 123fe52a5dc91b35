"""The REST endpoint of a project: one MLflow scoring server, started, watched and stopped.

A folder holds all of it: ``endpoint.json`` says which process it is, ``endpoint.log`` what it
printed. Both outlive whoever started the server.

    (absent) ──> starting ──> running ──> stopped
                    └────────────┴──────> died (nobody stopped it)
"""

from __future__ import annotations

import http.client
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import psutil

from core.errors import EndpointError
from core.scoring import server_log, server_process
from core.scoring.endpoint_folder import EndpointFolder, Record

State = Literal["running", "starting", "died", "stopped"]

_POLL_SECONDS = 0.1
# An endpoint that is busy with a large request still answers within this.
_HEALTH_SECONDS = 5.0
_PROBE_SECONDS = 0.5


@dataclass(frozen=True)
class Endpoint:
    """A scoring server as it was when looked at. ``url`` is where a client here reaches it.

    ``started_at`` is UTC. ``message`` is one sentence for a person: for a dead one, the reason.
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

    @property
    def is_live(self) -> bool:
        """Whether its process exists: running or starting."""
        return self.state in {"running", "starting"}

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
    wait_seconds: float = 90,
) -> Endpoint:
    """Serve ``model_uri`` on ``host:port``; returns when the server answers.

    A healthy server of the same ``version`` is returned as it is, wherever it listens; one that
    is still loading is waited for; one of another version is replaced. With ``wait_seconds`` 0
    the endpoint comes back at once as "starting". Raises EndpointError if the port is taken, the
    server ends or is stopped before it answers, or does not answer in time (it is stopped then).
    """
    files = EndpointFolder(folder)
    with files.lock():
        known = _reusable(files, version)
        record = known or _launch(files, model_uri, version, tracking_uri, port, host)
    if wait_seconds > 0:
        _wait_until_ready(files, record, wait_seconds, owned=known is None)
    return _observed(files, files.read() or record)


def status(folder: Path) -> Endpoint | None:
    """The endpoint as it stands, whoever started it; None where there never was one."""
    files = EndpointFolder(folder)
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
        return None if record is None else _observed(files, _end(files, record))


def is_healthy(endpoint: Endpoint, timeout_seconds: float = 2.0) -> bool:
    """Whether the server answers its health check within the time."""
    if not endpoint.is_live:
        return False
    return _ping(endpoint.host, endpoint.port, timeout_seconds)


def log_tail(folder: Path, lines: int = 40) -> str:
    """The last ``lines`` lines that the server printed; empty where it printed nothing."""
    return server_log.tail(EndpointFolder(folder).log_file, lines)


def _reusable(files: EndpointFolder, version: str) -> Record | None:
    """The server to keep: of this version, alive, and either loading or healthy."""
    record = files.read()
    if record is None or record.state == "stopped" or record.version != version:
        return None
    if record.find_process() is None:
        return None
    loading = record.state == "starting"
    return record if loading or _ping(record.host, record.port, _HEALTH_SECONDS) else None


def _launch(
    files: EndpointFolder, model_uri: str, version: str, tracking_uri: str, port: int, host: str
) -> Record:
    _make_room(files, host, port)
    command = server_process.serve_command(model_uri, host, port)
    try:
        process = server_process.launch(files.path, files.log_file, command, tracking_uri)
        process_started = server_process.started_after_boot(process)
    except (OSError, psutil.NoSuchProcess) as exc:
        raise EndpointError(f"The endpoint could not be started: {exc}.") from exc
    address = server_process.reachable(host)
    record = Record(
        state="starting",
        pid=process.pid,
        process_started=process_started,
        host=host,
        port=port,
        url=f"http://[{address}]:{port}" if ":" in address else f"http://{address}:{port}",
        version=version,
        model_uri=model_uri,
        started_at=datetime.now(UTC).isoformat(timespec="microseconds"),
    )
    files.write(record)
    return record


def _make_room(files: EndpointFolder, host: str, port: int) -> None:
    """End the server before, once nothing else can be in the new one's way."""
    record = files.read()
    process = record.find_process() if record else None
    if process is not None and record is not None and record.port != port:
        _check_port(host, port)
    if record is not None:
        _end(files, record)
    else:
        # A starter that was killed before it could write the record may have left a server.
        server_process.end_all(files.path, None)
    _check_port(host, port)


def _check_port(host: str, port: int) -> None:
    if problem := server_process.port_problem(host, port):
        raise EndpointError(problem)


def _end(files: EndpointFolder, record: Record) -> Record:
    """End the processes of ``record``; the caller holds the lock."""
    stopped = replace(record, state="stopped")
    # Written first: whoever finds the process dead then knows that it was meant to be.
    files.write(stopped)
    if left := server_process.end_all(files.path, record.find_process()):
        files.write(record)
        pids = ", ".join(str(process.pid) for process in left)
        raise EndpointError(
            f"The endpoint's process {pids} could not be ended; end it by hand and try again."
        )
    return stopped


def _wait_until_ready(
    files: EndpointFolder, record: Record, wait_seconds: float, *, owned: bool
) -> None:
    """Return when the server answers. ``owned``: started by this call, hence ended by it."""
    deadline = time.monotonic() + wait_seconds
    while True:
        current = files.read()
        if current is None or current.state == "stopped" or not current.names_same_process(record):
            raise EndpointError(
                f"Version {record.version} was stopped or replaced while it was starting; look "
                "at the endpoint's state before you start it again."
            )
        if current.state == "running":
            return
        process = current.find_process()
        if process is None:
            if files.read() != current:
                continue  # stopped or replaced since it was read
            raise EndpointError(
                f"The endpoint ended before it answered: {server_log.reason(files.log_file)}"
            )
        if _is_ready(current, process):
            _mark_running(files, current)
            return
        if time.monotonic() > deadline:
            if owned:
                _end_if_current(files, record)
            raise EndpointError(
                f"The endpoint did not answer on port {record.port} within {wait_seconds:g} s"
                f"{' and was stopped' if owned else ''}; see its log, then start it again with "
                "a longer wait."
            )
        time.sleep(_POLL_SECONDS)


def _is_ready(record: Record, process: psutil.Process) -> bool:
    return server_process.listens(process, record.port) and _ping(
        record.host, record.port, _PROBE_SECONDS
    )


def _mark_running(files: EndpointFolder, record: Record) -> None:
    with files.lock():
        if files.read() == record:
            files.write(replace(record, state="running"))


def _end_if_current(files: EndpointFolder, record: Record) -> None:
    with files.lock():
        current = files.read()
        if current is not None and current.names_same_process(record):
            _end(files, current)


def _observed(files: EndpointFolder, record: Record) -> Endpoint:
    state, message = _state_now(files, record)
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
    )


def _state_now(files: EndpointFolder, record: Record) -> tuple[State, str]:
    if record.state == "stopped":
        return "stopped", "The endpoint is stopped."
    process = record.find_process()
    if process is None:
        return "died", f"The endpoint ended by itself: {server_log.reason(files.log_file)}"
    # Also for one whose starter went away before it answered.
    if record.state == "running" or _is_ready(record, process):
        return "running", f"Version {record.version} answers at {record.url}."
    return "starting", f"Version {record.version} is loading; this takes 10 to 30 seconds."


def _ping(host: str, port: int, timeout_seconds: float) -> bool:
    connection = http.client.HTTPConnection(
        server_process.reachable(host), port, timeout=timeout_seconds
    )
    try:
        connection.request("GET", "/ping")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
