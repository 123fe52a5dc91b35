"""What an endpoint leaves on disk. This class owns every path of it.

endpoint.json        which process it is and what it serves; replaced whole, under the lock
endpoint.log         what the server printed since it was last started
endpoint.next.json   the server that is to take over, while it loads beside the one in charge
endpoint.next.log    what that one printed
endpoint.lock        the right to change the endpoint
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import psutil

from core.errors import EndpointError
from core.files import file_lock, read_json, write_json
from core.scoring import server_process


@dataclass(frozen=True)
class Record:
    """The content of ``endpoint.json``; ``pid`` with ``process_started`` names one process.

    ``process_started`` is seconds between the machine's start and the process's; ``started_at``
    is UTC, ISO 8601. A server that has died by itself still reads "starting" or "running".
    ``token`` is inherited by all that the server starts. ``shares_port``: the next one can listen
    on the same port beside it. ``problem``: why it was stopped before it answered.
    """

    state: Literal["starting", "running", "stopped"]
    pid: int
    process_started: float
    host: str
    port: int
    url: str
    version: str
    model_uri: str
    started_at: str
    token: str = ""
    shares_port: bool = False
    problem: str = ""

    def names_same_process(self, other: Record) -> bool:
        return (self.pid, self.process_started) == (other.pid, other.process_started)

    def find_process(self) -> psutil.Process | None:
        """The server's process; None where it does not run any more."""
        return server_process.find(self.pid, self.process_started)


class EndpointFolder:
    """The files of one endpoint, and reading and writing of each."""

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        self.state_file = self.path / "endpoint.json"
        self.log_file = self.path / "endpoint.log"
        self.next_file = self.path / "endpoint.next.json"
        self.next_log_file = self.path / "endpoint.next.log"
        self._lock_file = self.path / "endpoint.lock"

    def lock(self) -> AbstractContextManager[None]:
        """The right to change the endpoint; held for seconds, never while a model loads."""
        return file_lock(self._lock_file)

    def read(self) -> Record | None:
        """The record; None where there never was an endpoint."""
        return _read(self.state_file)

    def write(self, record: Record) -> None:
        """Replace the record; the caller holds the lock."""
        write_json(self.state_file, asdict(record))

    def read_next(self) -> Record | None:
        """The server that is to take over; None where none is."""
        return _read(self.next_file)

    def write_next(self, record: Record) -> None:
        write_json(self.next_file, asdict(record))

    def drop_next(self) -> None:
        """Forget the server that was to take over; fine where there is none."""
        self.next_file.unlink(missing_ok=True)
        self.next_log_file.unlink(missing_ok=True)

    def find(self, record: Record) -> Record | None:
        """What is known of that server now; None where it was stopped or replaced."""
        for known in (self.read(), self.read_next()):
            if known and known.state != "stopped" and known.names_same_process(record):
                return known
        return None

    def log_of(self, record: Record) -> Path:
        """Where that server prints; the log moves when it takes over."""
        coming = self.read_next()
        is_next = coming is not None and coming.names_same_process(record)
        return self.next_log_file if is_next and self.next_log_file.exists() else self.log_file


def _read(file: Path) -> Record | None:
    try:
        return Record(**read_json(file))
    except FileNotFoundError:
        return None
    except TypeError as exc:
        raise EndpointError(
            f"{file} is not a record of an endpoint ({exc}); delete it and start the endpoint "
            "again."
        ) from exc
