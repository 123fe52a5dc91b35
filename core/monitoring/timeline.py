"""The timeline of windows: each row of the log is read once, each closed window judged once.

    <cut>.json    how far the log has been read, and the tallies of the windows still forming
    <cut>.jsonl   a line per closed window: its tally and its estimate

Both are derived from the log and made again where they are missing, torn or of another version.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from core.dataset.spec import ProjectSpec
from core.errors import BadInput, CourtsideError
from core.files import file_lock, read_json, write_json
from core.monitoring.estimate import Interval
from core.monitoring.features import Array
from core.monitoring.timeline_value import Judge, WindowResult
from core.monitoring.window import feature_frame
from core.monitoring.window_tally import WindowTally
from core.monitoring.windows import Cut, WindowKey

if TYPE_CHECKING:
    import pandas as pd

FORMAT = 1
PIECE_ROWS = 200_000
Read = Callable[[Mapping[str, int] | None, int], "tuple[pd.DataFrame, dict[str, int]]"]


@dataclass
class _Closed:
    """``line`` is what is on disk: small, and only read again when labels come late."""

    key: WindowKey
    line: str
    result: WindowResult | None = None
    late_token: int = -1


@dataclass
class _State:
    position: dict[str, int] | None = None
    rows: int = 0
    closed_bytes: int = 0
    forming: dict[WindowKey, WindowTally] = field(default_factory=dict)


class Timeline:
    """Windows of one project's log, cut in one way and judged against one version.

    ``read(position, most)`` gives rows after a position of the log (None: its start) and the
    position after them; it raises BadInput where the log has no such place any more.
    """

    def __init__(
        self, folder: Path, cut: Cut, spec: ProjectSpec, version: str, judge: Judge, read: Read
    ) -> None:
        self.cut = cut
        self.judge = judge
        self.rows_read = 0  # by this object: what a refresh cost
        self._spec = spec
        self._version = version
        self._read = read
        key = json.dumps([FORMAT, spec.data_digest, version, judge.bins.edges.tolist(), cut.name])
        name = f"{cut.name}-{hashlib.sha256(key.encode()).hexdigest()[:12]}"
        self._state_path = folder / f"{name}.json"
        self._closed_path = folder / f"{name}.jsonl"
        self._closed: list[_Closed] = []
        self._closed_read = 0
        self._late_counts: dict[WindowKey, tuple[Array, Array]] = {}
        self._late_token: int | None = None

    def refresh(
        self, late: pd.DataFrame, late_token: int, progress: Callable[[int], None] | None = None
    ) -> list[WindowResult]:
        """All windows, the oldest first, after taking in what the log has gained.

        ``late``: labels that came later, with their rows (see late_labels); ``late_token``
        changes whenever they do.
        """
        with file_lock(self._state_path.with_suffix(".lock"), timeout_seconds=300):
            state = self._take_in(self._loaded(), progress)
        return self._results(state, late, late_token)

    def _take_in(self, state: _State, progress: Callable[[int], None] | None) -> _State:
        while True:
            try:
                rows, position = self._read(state.position, PIECE_ROWS)
            except BadInput:  # the log was replaced: what was kept is about another one
                state = self._begin_again()
                rows, position = self._read(None, PIECE_ROWS)
            if rows.empty:
                return state
            self.rows_read += len(rows)
            ended = self._count(state, rows)
            state.rows += len(rows)
            state.position = position
            self._keep(state, ended)
            if progress is not None:
                progress(state.rows)

    def _count(self, state: _State, rows: pd.DataFrame) -> list[_Closed]:
        """Add rows to the windows they belong to; returns those that have closed."""
        features = feature_frame(rows, self._spec, "The inference log")
        ended = []
        for key, inside in self.cut.pieces(rows, state.rows):
            tally = WindowTally.of(
                self.judge.profile,
                self.judge.bins,
                features.iloc[inside],
                rows.iloc[inside],
                self._version,
            )
            if key in state.forming:
                state.forming[key].add(tally)
                continue
            before = next((one for one in state.forming if one.family == key.family), None)
            if before is not None:
                done = state.forming.pop(before)
                ended.append(_Closed(before, _line(before, done, self.judge.estimate(done))))
            state.forming[key] = tally
        return ended

    def _keep(self, state: _State, ended: list[_Closed]) -> None:
        """Closed windows first, then the state that counts them: a crash between costs nothing."""
        if ended:
            lines = "".join(one.line + "\n" for one in ended).encode()
            with self._closed_path.open("r+b" if self._closed_path.exists() else "w+b") as stream:
                stream.truncate(state.closed_bytes)
                stream.seek(state.closed_bytes)
                stream.write(lines)
            state.closed_bytes += len(lines)
            self._closed.extend(ended)
            self._closed_read = state.closed_bytes
        write_json(
            self._state_path,
            {
                "format": FORMAT,
                "position": state.position,
                "rows": state.rows,
                "closed_bytes": state.closed_bytes,
                "forming": [[k.family, k.name, t.as_dict()] for k, t in state.forming.items()],
            },
        )

    def _loaded(self) -> _State:
        """What is on disk, with the closed windows that this object has not read yet."""
        try:
            stored = read_json(self._state_path)
            forming = {
                WindowKey(family, name): WindowTally.from_dict(tally, self.judge.bins)
                for family, name, tally in stored["forming"]
            }
            state = _State(stored["position"], stored["rows"], stored["closed_bytes"], forming)
            if state.closed_bytes < self._closed_read:
                self._closed, self._closed_read = [], 0  # somebody began again
            self._closed.extend(self._lines(self._closed_read, state.closed_bytes))
            self._closed_read = state.closed_bytes
        except FileNotFoundError:
            return self._begin_again()
        except (CourtsideError, KeyError, ValueError, TypeError, IndexError):
            return self._begin_again()
        return state

    def _lines(self, start: int, stop: int) -> Iterator[_Closed]:
        if stop <= start:
            return
        with self._closed_path.open("rb") as stream:
            stream.seek(start)
            content = stream.read(stop - start)
        if len(content) < stop - start:
            raise ValueError("the closed windows were cut short")
        for line in content.decode().splitlines():
            stored = json.loads(line)
            yield _Closed(WindowKey(stored["family"], stored["name"]), line)

    def _begin_again(self) -> _State:
        self._closed, self._closed_read = [], 0
        self._state_path.parent.mkdir(parents=True, exist_ok=True)
        self._closed_path.unlink(missing_ok=True)
        return _State()

    def _results(self, state: _State, late: pd.DataFrame, late_token: int) -> list[WindowResult]:
        if late_token != self._late_token:
            self._late_counts, self._late_token = self._late(late), late_token
        histograms = self._late_counts
        found = []
        for one in self._closed:
            labels = histograms.get(one.key)
            if one.result is None or (one.late_token != late_token and labels is not None):
                tally, estimate = _parsed(one.line, self.judge)
                one.result = self._result(one.key, tally, False, labels, estimate)
            one.late_token = late_token
            found.append(one.result)
        for key, tally in state.forming.items():
            found.append(self._result(key, tally, True, histograms.get(key), None))
        return sorted(found, key=lambda result: (result.first, result.last))

    def _result(
        self,
        key: WindowKey,
        tally: WindowTally,
        forming: bool,
        late: tuple[Array, Array] | None,
        estimate: tuple[Mapping[str, Interval], str] | None,
    ) -> WindowResult:
        label = self.cut.label(key, tally.first)
        name = f"{key.family}|{key.name}"
        return self.judge.result(tally, name, label, forming, late, estimate)

    def _late(self, late: pd.DataFrame) -> dict[WindowKey, tuple[Array, Array]]:
        """Late labels of the version's own rows, per window and bin: positives and negatives."""
        ours = late[late["model_version"].astype(str) == self._version] if len(late) else late
        if not len(ours):
            return {}
        bins = self.judge.bins
        families, names = self.cut.keys(ours, ours["row"].to_numpy(dtype=np.int64))
        place = bins.places(ours["probability"].to_numpy(float))
        negative = ours["label"].to_numpy(float) <= 0
        cells = place + negative * len(bins)
        by_key = names.groupby([families, names.to_numpy()], sort=False).indices
        found = {}
        for (family, name), inside in by_key.items():
            counts = np.bincount(cells[inside], minlength=2 * len(bins))
            found[WindowKey(family, name)] = (counts[: len(bins)], counts[len(bins) :])
        return found


def _line(key: WindowKey, tally: WindowTally, estimate: tuple[Mapping[str, Interval], str]) -> str:
    metrics, refused = estimate
    content = {
        "family": key.family,
        "name": key.name,
        "tally": tally.as_dict(),
        "estimated": {name: asdict(figure) for name, figure in metrics.items()},
        "refused": refused,
    }
    return json.dumps(content, allow_nan=False)


def _parsed(line: str, judge: Judge) -> tuple[WindowTally, tuple[Mapping[str, Interval], str]]:
    stored = json.loads(line)
    metrics = {name: Interval(**figure) for name, figure in stored["estimated"].items()}
    return WindowTally.from_dict(stored["tally"], judge.bins), (metrics, stored["refused"])
