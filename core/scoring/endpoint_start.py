"""From the order to start an endpoint to the moment when the new server is in charge.

    nothing answers before   the new server's record is the endpoint's from the beginning
    one answers already      the new server loads beside it (``endpoint.next.json``), on the same
                             port where the system lets two share it; once it answers, it takes
                             over and the one before is ended

The caller of each function says whether it holds the folder's lock.
"""

from __future__ import annotations

import http.client
import secrets
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import psutil

from core.errors import EndpointError
from core.scoring import server_log, server_process
from core.scoring.endpoint_folder import EndpointFolder, Record

_POLL_SECONDS = 0.1
# An endpoint that is busy with a large request still answers within this.
HEALTH_SECONDS = 5.0
PROBE_SECONDS = 0.5


@dataclass(frozen=True)
class Order:
    """What somebody wants served, and where."""

    model_uri: str
    version: str
    tracking_uri: str
    port: int
    host: str


def reuse_or_launch(files: EndpointFolder, order: Order) -> tuple[Record, bool]:
    """The server that will do, and whether it was launched for this order.

    Takes the lock. Raises EndpointError where nothing can be started.
    """
    with files.lock():
        known = _reusable(files, order.version)
        return (known, False) if known else (_launch(files, order), True)


def wait_until_ready(
    files: EndpointFolder, record: Record, wait_seconds: float, *, owned: bool
) -> None:
    """Return when the server is in charge and answers. ``owned``: ended if it does not in time."""
    deadline = time.monotonic() + wait_seconds
    while True:
        current = files.find(record)
        if current is None:
            raise EndpointError(
                f"Version {record.version} was stopped or replaced while it was starting; look "
                "at the endpoint's state before you start it again."
            )
        if current.state == "running":
            return
        process = current.find_process()
        if process is None:
            if files.find(record) != current:
                continue  # stopped or replaced since it was read
            reason = server_log.reason(files.log_of(record))
            raise EndpointError(f"The endpoint ended before it answered: {reason}{_still(files)}")
        listening = server_process.listeners(record.port)
        if _beside_a_stranger(files, process, listening):
            _give_up(files, record, server_process.taken(record.port), process)
        if _answers(current, process, listening):
            put_in_charge(files, current)
            return
        if time.monotonic() > deadline:
            said = (
                f"The endpoint did not answer on port {record.port} within {wait_seconds:g} s"
                f"{' and was stopped' if owned else ''}; see its log, then start it again with "
                "a longer wait."
            )
            if owned:
                _give_up(files, record, said, process)
            raise EndpointError(said)
        time.sleep(_POLL_SECONDS)


def is_ready(record: Record, process: psutil.Process) -> bool:
    """Whether the server answers, and not a stranger on its port. Needs no lock."""
    return _answers(record, process, server_process.listeners(record.port))


def put_in_charge(files: EndpointFolder, record: Record) -> None:
    """A server that answers becomes the endpoint; the one before is ended. Takes the lock.

    Left by a crash half way, it is done again by whoever looks next.
    """
    with files.lock():
        running = replace(record, state="running")
        coming, current = files.read_next(), files.read()
        if coming is not None and coming.names_same_process(record):
            files.write(running)
            if files.next_log_file.exists():
                files.next_log_file.replace(files.log_file)
            server = current.find_process() if current and current.token != record.token else None
            _refuse_leftovers(server_process.end_others(files.path, record.token, server))
            files.drop_next()
        elif current == record:
            files.write(running)


def end(files: EndpointFolder, record: Record, problem: str = "") -> Record:
    """End all of the folder's servers; the caller holds the lock."""
    stopped = replace(record, state="stopped", problem=problem)
    # Written first: whoever finds the process dead then knows that it was meant to be.
    files.write(stopped)
    files.drop_next()
    if left := server_process.end_all(files.path, record.find_process()):
        files.write(record)
        _refuse_leftovers(left)
    return stopped


def ping(host: str, port: int, timeout_seconds: float) -> bool:
    """Whether the health check is answered within the time."""
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


def _reusable(files: EndpointFolder, version: str) -> Record | None:
    """The server to keep: of this version, alive, and either loading or healthy."""
    coming = files.read_next()
    if coming is not None:
        if coming.version == version and coming.find_process() is not None:
            return coming
        server_process.end_one(coming.token, coming.find_process())
        files.drop_next()
    record = files.read()
    if record is None or record.state == "stopped" or record.version != version:
        return None
    if record.find_process() is None:
        return None
    loading = record.state == "starting"
    return record if loading or ping(record.host, record.port, HEALTH_SECONDS) else None


def _launch(files: EndpointFolder, order: Order) -> Record:
    beside = _can_stand_beside(files, order)
    if not beside:
        _make_room(files, order)
    command = server_process.serve_command(order.model_uri, order.host, order.port)
    log_file = files.next_log_file if beside else files.log_file
    token = secrets.token_hex(8)
    try:
        process = server_process.launch(files.path, token, log_file, command, order.tracking_uri)
        process_started = server_process.started_after_boot(process)
    except (OSError, psutil.NoSuchProcess) as exc:
        raise EndpointError(f"The endpoint could not be started: {exc}.") from exc
    address = server_process.reachable(order.host)
    record = Record(
        state="starting",
        pid=process.pid,
        process_started=process_started,
        host=order.host,
        port=order.port,
        url=f"http://[{address}]:{order.port}"
        if ":" in address
        else f"http://{address}:{order.port}",
        version=order.version,
        model_uri=order.model_uri,
        started_at=datetime.now(UTC).isoformat(timespec="microseconds"),
        token=token,
        shares_port=server_process.CAN_SHARE_PORT,
    )
    (files.write_next if beside else files.write)(record)
    return record


def _can_stand_beside(files: EndpointFolder, order: Order) -> bool:
    """Whether the server before can go on answering until the new one does."""
    record = files.read()
    if record is None or record.state == "stopped" or record.find_process() is None:
        return False
    if not ping(record.host, record.port, HEALTH_SECONDS):
        return False
    if record.port != order.port:
        _check_port(order)
        return True
    return record.shares_port


def _make_room(files: EndpointFolder, order: Order) -> None:
    """End the server before, once nothing else can be in the new one's way."""
    record = files.read()
    process = record.find_process() if record else None
    if process is not None and record is not None and record.port != order.port:
        _check_port(order)
    if record is not None:
        end(files, record)
    else:
        # A starter that was killed before it could write the record may have left a server.
        server_process.end_all(files.path, None)
    _check_port(order)


def _check_port(order: Order) -> None:
    if problem := server_process.port_problem(order.host, order.port):
        raise EndpointError(problem)


def _answers(record: Record, process: psutil.Process, listening: set[int] | None) -> bool:
    listens = listening is None or bool(listening & server_process.pids_of(process))
    return listens and ping(record.host, record.port, PROBE_SECONDS)


def _beside_a_stranger(
    files: EndpointFolder, process: psutil.Process, listening: set[int] | None
) -> bool:
    """Whether another program shares the port: its answers would be taken for the server's."""
    if listening is None or not listening & server_process.pids_of(process):
        return False
    records = (files.read(), files.read_next())
    ours = {pid for r in records if r for pid in server_process.pids_of(r.find_process())}
    return bool(listening - ours - server_process.pids_of(process))


def _give_up(files: EndpointFolder, record: Record, problem: str, process: psutil.Process) -> None:
    """End a server that cannot take charge and say why; what answered before goes on."""
    with files.lock():
        coming = files.read_next()
        if coming is not None and coming.names_same_process(record):
            files.write_next(replace(coming, state="stopped", problem=problem))
            server_process.end_one(record.token, process)
            problem += _still(files)
        elif (current := files.find(record)) is not None:
            end(files, current, problem)
    raise EndpointError(problem)


def _still(files: EndpointFolder) -> str:
    """That the server before goes on, if it does."""
    record = files.read()
    in_charge = record is not None and record.state == "running" and record.find_process()
    return f" Version {record.version} still answers." if record and in_charge else ""


def _refuse_leftovers(left: set[psutil.Process]) -> None:
    if left:
        pids = ", ".join(str(process.pid) for process in left)
        raise EndpointError(
            f"The endpoint's process {pids} could not be ended; end it by hand and try again."
        )
