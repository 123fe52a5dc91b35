"""A job is a folder. This class owns every path in it; nothing else spells a file name.

    <jobs_dir>/<job_id>/
        plan.json      entry point, its arguments, how to start it again; never changes
        state.json     where the job stands; replaced whole, under the job's lock
        events.jsonl   progress, one line each, only appended to
        log.txt        standard output and standard error of the worker
        result.json    what the entry point returned (succeeded)
        error.txt      the traceback (failed)
        exit_code.txt  how the worker ended, if it was not well and its starter still lived
        closed         empty; there once what the job left open outside its folder was closed
        kept/          what the entry point keeps for a retry, which is given the same folder;
                       not thrown away while it holds a whole.json
        .room          space held back, so that the end can be written on a full disk

``state.json`` is written last when a job is made: a folder without one is not a job yet.
"""

from __future__ import annotations

import json
import os
import re
import secrets
from collections.abc import Container, Iterator
from contextlib import AbstractContextManager, suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from core.errors import BadInput
from core.files import file_lock, read_json, write_json, write_text
from core.jobs.views import LIVE_STATES, JobView, Progress, State

_JOB_ID = re.compile(r"\d{8}T\d{12}Z-[0-9a-f]{8}")
_LAST_EVENT_BYTES = 16_384
_LOG_TAIL_BYTES = 262_144
# A state, a message and a traceback fit in.
_ROOM_BYTES = 65_536


def new_job_id() -> str:
    """A UTC timestamp to the microsecond and eight random hex digits; sorts by age."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}Z-{secrets.token_hex(4)}"


@dataclass(frozen=True)
class Plan:
    """What to run. ``environment`` is stored as plain text: no place for secrets.

    ``kept_by``: the job in whose folder something is kept for this one, empty for its own.
    """

    entry_point: str
    arguments: dict[str, Any]
    kind: str
    title: str
    environment: dict[str, str]
    at_once: int
    kept_by: str = ""


@dataclass(frozen=True)
class JobState:
    """The content of ``state.json``.

    ``worker_started`` is seconds between the machine's start and the worker's: with ``pid`` it
    names one process, which a pid alone does not. ``stop_requested`` stands before the first
    signal is sent, so that a worker found dead afterwards counts as cancelled, not as lost.
    ``out_of_memory_kills`` is the machine's count of them when the worker started.
    """

    kind: str
    title: str
    state: State
    created_at: str
    started_at: str | None = None
    finished_at: str | None = None
    pid: int | None = None
    worker_started: float | None = None
    stop_requested: bool = False
    out_of_memory_kills: int | None = None
    peak_memory_bytes: int | None = None
    message: str = ""
    attachments: dict[str, str] = field(default_factory=dict)

    @property
    def is_live(self) -> bool:
        return self.state in LIVE_STATES


class JobFolder:
    """All paths of one job, and reading and writing of each."""

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        self.job_id = self.path.name
        self.jobs_dir = self.path.parent
        self.plan_file = self.path / "plan.json"
        self.state_file = self.path / "state.json"
        self.events_file = self.path / "events.jsonl"
        self.log_file = self.path / "log.txt"
        self.result_file = self.path / "result.json"
        self.error_file = self.path / "error.txt"
        self.closed_file = self.path / "closed"
        self.exit_code_file = self.path / "exit_code.txt"
        self._lock_file = self.path / ".lock"
        self._room_file = self.path / ".room"

    @classmethod
    def existing(cls, jobs_dir: Path, job_id: str) -> JobFolder:
        """The folder of a job that exists; raises BadInput on any other id, however shaped."""
        if not isinstance(job_id, str) or not _JOB_ID.fullmatch(job_id):
            raise BadInput(
                f"A job's id looks like 20260131T235959000000Z-0a1b2c3d; found {job_id!r}."
            )
        folder = cls(jobs_dir / job_id)
        if not folder.state_file.is_file():
            raise BadInput(f"There is no job {job_id} here; it may belong to another project.")
        return folder

    @classmethod
    def newest_first(cls, jobs_dir: Path, skip: Container[Path] = ()) -> Iterator[JobFolder]:
        """Every job of ``jobs_dir`` but those to ``skip``; none where the folder is absent."""
        try:
            names = os.listdir(jobs_dir)  # noqa: PTH208 - names alone: one call for many jobs
        except FileNotFoundError:
            return
        root = jobs_dir.resolve()
        for name in sorted(filter(_JOB_ID.fullmatch, names), reverse=True):
            if (path := root / name) in skip:
                continue
            folder = cls(path)
            if folder.state_file.exists():
                yield folder

    def create(self, plan: Plan, state: JobState) -> None:
        """Make the folder; the job exists from the moment that its state is written."""
        self.path.mkdir(parents=True)
        # Random, since a file system may store zeros in no space at all.
        self._room_file.write_bytes(os.urandom(_ROOM_BYTES))
        write_json(self.plan_file, asdict(plan))
        self.write_state(state)

    def lock(self) -> AbstractContextManager[None]:
        """The right to change the job's state, between threads and processes."""
        return file_lock(self._lock_file)

    def give_back_room(self) -> None:
        """Free the space held back, for the last that is written of this job."""
        self._room_file.unlink(missing_ok=True)

    @property
    def kept_dir(self) -> Path:
        """What the entry point keeps for a retry; a job and its retries share it. May be absent."""
        return self.jobs_dir / (self.read_plan().kept_by or self.job_id) / "kept"

    @property
    def keeps_something(self) -> bool:
        """Whether something whole is kept here that a retry still waits for."""
        return (self.path / "kept" / "whole.json").is_file()

    def read_plan(self) -> Plan:
        return Plan(**read_json(self.plan_file))

    def read_state(self) -> JobState:
        return JobState(**read_json(self.state_file))

    def write_state(self, state: JobState) -> None:
        """Replace the state; the caller holds the lock (or is just making the job)."""
        write_json(self.state_file, asdict(state))

    def write_result(self, result: dict[str, Any]) -> None:
        write_json(self.result_file, result)

    def write_error(self, traceback_text: str) -> None:
        write_text(self.error_file, traceback_text)

    def note_exit_code(self, code: int) -> None:
        """Keep the exit code of a worker that did not end well; fine where the job has gone."""
        if code != 0 and self.path.is_dir():
            with suppress(OSError):
                self.exit_code_file.write_text(str(code), encoding="ascii")

    def exit_code(self) -> int | None:
        """What ``note_exit_code`` kept, if anything."""
        try:
            return int(self.exit_code_file.read_text(encoding="ascii"))
        except (OSError, ValueError):
            return None

    def append_event(self, progress: Progress) -> None:
        """Append one line in one write, so that lines of several threads cannot mingle."""
        line = json.dumps(asdict(progress), allow_nan=False, ensure_ascii=False) + "\n"
        handle = os.open(self.events_file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            os.write(handle, line.encode("utf-8", errors="replace"))
        finally:
            os.close(handle)

    def read_events(self, after: int = 0) -> tuple[list[Progress], int]:
        """Progress written past byte ``after``, and the byte to go on from.

        A last line without its end is left for the next call; a line that is not an event (a
        writer was killed in the middle of it) is passed over.
        """
        try:
            with self.events_file.open("rb") as stream:
                stream.seek(max(after, 0))
                content = stream.read()
        except FileNotFoundError:
            return [], 0
        whole = content[: content.rfind(b"\n") + 1]
        found = (_parse_event(line) for line in whole.splitlines())
        return [event for event in found if event], max(after, 0) + len(whole)

    def last_event(self) -> Progress | None:
        """The newest whole event, read from the end of the file; None before the first."""
        content = _tail_bytes(self.events_file, _LAST_EVENT_BYTES)
        whole = content[: content.rfind(b"\n") + 1]
        found = (_parse_event(line) for line in reversed(whole.splitlines()))
        return next((event for event in found if event), None)

    def log_tail(self, lines: int) -> str:
        """The last lines of the log, progress bars reduced to their last stand."""
        text = _tail_bytes(self.log_file, _LOG_TAIL_BYTES).decode("utf-8", errors="replace")
        shown = [line.rstrip("\r").rpartition("\r")[2] for line in text.rstrip("\n").split("\n")]
        return "\n".join(shown[-lines:]) if lines > 0 else ""

    def view(self) -> JobView:
        """The job as the outside sees it, from what is on disk and nothing else."""
        state = self.read_state()
        return JobView(
            job_id=self.job_id,
            kind=state.kind,
            title=state.title,
            state=state.state,
            created_at=state.created_at,
            started_at=state.started_at,
            finished_at=state.finished_at,
            progress=self.last_event(),
            message=state.message,
            result=read_json(self.result_file) if state.state == "succeeded" else None,
            attachments=state.attachments,
            peak_memory_bytes=state.peak_memory_bytes,
            is_closed=self.closed_file.exists(),
        )


def _tail_bytes(path: Path, limit: int) -> bytes:
    try:
        with path.open("rb") as stream:
            size = stream.seek(0, os.SEEK_END)
            stream.seek(max(0, size - limit))
            return stream.read()
    except FileNotFoundError:
        return b""


def _parse_event(line: bytes) -> Progress | None:
    try:
        return Progress.from_record(json.loads(line))
    except (ValueError, KeyError, TypeError):
        return None
