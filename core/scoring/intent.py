"""What a scoring is about to leave, on disk before it leaves it: once, however its process ends.

    scoring     half files under temporary names          a kill leaves nothing: they are dropped
    ready       whole files under temporary names, and    dropped, unless the log has their rows
                where the log ended before their rows
    committed   the log has the rows: its own commit      the files take their names, the record is
                decides                                   completed; nothing is logged again
    finished    everything is in place                    told to whoever asks for the same again

The intent of a scoring is one JSON file in a folder beside the log. Its lock is held by whoever
works on it and ends with that process, so that one without a holder was left by a kill.
"""

from __future__ import annotations

import errno
import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from core.errors import BadInput, CourtsideError
from core.files import atomic_path, file_lock, read_json, write_json
from core.inference_log import InferenceLog, Position
from core.inference_log.commit import sync_folder

FOLDER = "unfinished"


@dataclass(frozen=True)
class Target:
    """A file of a scoring: where it is written and what it will be called."""

    temporary: Path
    final: Path

    @property
    def place(self) -> Path:
        """Where it lies now."""
        return self.temporary if self.temporary.exists() else self.final


@dataclass(frozen=True)
class Intent:
    """One scoring. ``asked`` is the same for the same rows, versions and renames, and no other.

    ``targets`` by what they are; ``unwanted``: files of an earlier scoring that must go, since this
    one leaves none there. ``after``: the log's end before ``rows`` rows were to be added (None: not
    ready yet). ``result`` is for whoever resumes it; ``ready_at`` seconds since 1970. ``told``:
    somebody has this job's result already, and its retry is all that still waits for it.
    """

    request_id: str
    asked: str
    targets: Mapping[str, Target]
    job_id: str = ""
    unwanted: tuple[Path, ...] = ()
    after: Position | None = None
    rows: int = 0
    result: Mapping[str, Any] = field(default_factory=dict)
    ready_at: float = 0.0
    finished: bool = False
    told: bool = False

    def is_committed(self, log: InferenceLog) -> bool:
        """Whether the log has its rows; reads only what was logged since it was ready."""
        if self.finished:
            return True
        return self.after is not None and log.holds_request(self.request_id, self.after)

    def drop_files(self) -> None:
        """Remove what lies under temporary names."""
        for target in self.targets.values():
            target.temporary.unlink(missing_ok=True)

    def name_files(self) -> None:
        """Give the files their names; those that have them keep them. Raises OSError."""
        for target in self.targets.values():
            if target.temporary.exists():
                target.temporary.chmod(0o644)
                _move(target.temporary, target.final)
        for path in self.unwanted:
            path.unlink(missing_ok=True)
        for folder in {target.final.parent for target in self.targets.values()}:
            sync_folder(folder)

    def bound_for(self, finals: Mapping[str, Path]) -> Intent:
        """The same with other names for its files, from wherever they lie now."""
        moved = {
            what: Target(target.place, finals[what])
            if target.final != finals.get(what, target.final)
            else target
            for what, target in self.targets.items()
        }
        unwanted = tuple(finals.get("rejected", path) for path in self.unwanted)
        return replace(self, targets=moved, unwanted=unwanted)

    def as_json(self) -> dict[str, Any]:
        return {
            **asdict(self),
            "targets": {k: [str(t.temporary), str(t.final)] for k, t in self.targets.items()},
            "unwanted": [str(path) for path in self.unwanted],
            "after": self.after.as_json() if self.after else None,
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Intent:
        """What ``as_json`` gave."""
        places = {
            "targets": {k: Target(Path(t), Path(f)) for k, (t, f) in stored["targets"].items()},
            "unwanted": tuple(map(Path, stored["unwanted"])),
            "after": Position.from_json(stored["after"]) if stored["after"] else None,
        }
        return cls(**{**stored, **places})


class IntentBook:
    """The scorings of one project that are under way, were killed, or wait to be told of."""

    def __init__(self, folder: Path) -> None:
        """``folder`` is that of the inference log."""
        self._folder = folder / FOLDER

    def all(self) -> list[Intent]:
        """Whoever works on them, oldest first by the time they were ready."""
        found = (self.read(path.stem) for path in self._folder.glob("[!.]*.json"))
        return sorted((one for one in found if one is not None), key=lambda one: one.ready_at)

    def read(self, request_id: str) -> Intent | None:
        """One of them; None where it is gone. CourtsideError where it is not one."""
        path = self._file(request_id)
        try:
            return Intent.from_json(read_json(path))
        except FileNotFoundError:
            return None
        except (KeyError, TypeError, ValueError, AttributeError, BadInput) as exc:
            raise CourtsideError(
                f"{path} does not say what a scoring was about to leave ({exc}). Move it away; "
                "`python -m core log --verify` tells whether the inference log is whole."
            ) from exc

    def write(self, intent: Intent) -> None:
        """Put it in place of the one before; the caller holds it. CourtsideError if it cannot."""
        try:
            write_json(self._file(intent.request_id), intent.as_json())
        except OSError as exc:
            raise CourtsideError(
                f"{self._folder} could not be written ({exc.strerror or exc}), so nothing was "
                "logged. Make room, or mend the folder's permissions, and try again."
            ) from exc

    def leave(self, request_id: str, job_id: str) -> None:
        """All is done; the caller holds it. A job's result is on disk only later, so it stays."""
        intent = self.read(request_id) if job_id else None
        if intent is None:
            self.remove(request_id)
        else:
            self.write(replace(intent, finished=True))

    def remove(self, request_id: str) -> None:
        """Forget it; the caller holds it."""
        self._file(request_id).unlink(missing_ok=True)
        for torn in self._folder.glob(f".{request_id}-*"):
            torn.unlink(missing_ok=True)  # of a write that was killed
        self._lock(request_id).unlink(missing_ok=True)

    @contextmanager
    def holding(self, request_id: str) -> Iterator[bool]:
        """Whether the caller has it to itself for the block; False where somebody works on it."""
        with ExitStack() as held:
            mine = True
            try:
                held.enter_context(file_lock(self._lock(request_id), timeout_seconds=0))
            except CourtsideError:
                mine = False
            yield mine

    @contextmanager
    def left(self, request_id: str) -> Iterator[Intent | None]:
        """It, as it is, where nobody works on it any more; None where it is gone, or in hand."""
        if not self._file(request_id).exists():
            yield None  # and no lock is made for it again
            return
        with self.holding(request_id) as mine:
            yield self.read(request_id) if mine else None

    def _file(self, request_id: str) -> Path:
        return self._folder / f"{request_id}.json"

    def _lock(self, request_id: str) -> Path:
        return self._folder / f"{request_id}.lock"


def temporary_of(final: Path, request_id: str) -> Path:
    """Where a file is written that will be called ``final``: beside it, hidden."""
    return final.with_name(f".{final.stem}-{request_id}{final.suffix}")


def _move(source: Path, target: Path) -> None:
    """Rename; where the target lies on another file system, copy whole and remove."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        source.replace(target)
    except OSError as exc:
        if exc.errno != errno.EXDEV:
            raise
        with atomic_path(target) as temporary:
            shutil.copyfile(source, temporary)
        source.unlink()
