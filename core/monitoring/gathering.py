"""A window of any length in bounded memory: all rows counted, an even draw of them kept.

Drift needs counts only. What needs whole rows (all features together, effects, the estimate,
charts) is as good on 200,000 of them as on all: shares are known to 0.2 points there. Rows with a
label are drawn by themselves, since few of very many may have one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime

import numpy as np
import pandas as pd

from core.dataset.spec import ProjectSpec
from core.monitoring.drift import DriftTally
from core.monitoring.profile import ReferenceProfile
from core.monitoring.window import Counted, Rows, Watched, Window, logged_window, unwatched

MOST_ROWS = 200_000  # up to here every row is kept, and nothing is drawn


class EvenDraw:
    """At most ``most`` rows of a stream, each as likely as any other, in their order.

    Every row gets a random key, and those with the smallest keys stay; never more than about twice
    ``most`` are held. Source: Efraimidis & Spirakis, Inf. Process. Lett. 97, 2006, equal weights.
    """

    def __init__(self, most: int, seed: int) -> None:
        self._most = most
        self._random = np.random.default_rng(seed)
        self._parts: list[tuple[Rows, np.ndarray]] = []
        self.held = 0
        self._bound = np.inf

    def add(self, rows: Rows) -> None:
        """Take the rows into the draw."""
        keys = self._random.random(len(rows))
        inside = keys < self._bound
        if inside.any():
            self._parts.append((rows.where(inside), keys[inside]))
            self.held += int(inside.sum())
        if self.held > 2 * self._most:
            self._thin()

    def rows(self) -> Rows | None:
        """What was drawn; None where no row ever came."""
        if self.held > self._most or len(self._parts) > 1:
            self._thin()
        return self._parts[0][0] if self._parts else None

    def _thin(self) -> None:
        rows = Rows.joined([part for part, _ in self._parts])
        keys = np.concatenate([keys for _, keys in self._parts])
        if len(keys) > self._most:
            chosen = np.sort(np.argpartition(keys, self._most - 1)[: self._most])
            rows, keys = rows.where(chosen), keys[chosen]
            self._bound = float(keys.max())
        self._parts, self.held = [(rows, keys)], len(keys)


def gathered_window(
    spec: ProjectSpec,
    version: Watched,
    profile: ReferenceProfile,
    pieces: Iterable[pd.DataFrame],
    late: Mapping[str, float],
    most: int = MOST_ROWS,
) -> Window | None:
    """As ``logged_window``, from rows of the log in pieces, oldest first; None without a row.

    Up to ``most`` rows are all in the window's frame; of more, an even draw of so many.
    """
    tally, draw, labelled = DriftTally(profile), EvenDraw(most, seed=0), EvenDraw(most, seed=1)
    rows = own_rows = labelled_rows = 0
    moments: list[datetime] = []
    elsewhere: Counter[str] = Counter()
    for piece in pieces:
        if piece.empty:
            continue
        part = logged_window(spec, version, profile, piece, late)
        tally.add(part.frame, part.probability[part.ours])
        known = part.labelled()
        draw.add(part.held)
        labelled.add(known)
        rows += part.rows
        own_rows += part.own_rows
        labelled_rows += len(known)
        elsewhere.update(part.elsewhere)
        moments = [one for one in (*moments, part.first, part.last) if one is not None]
        moments = [min(moments), max(moments)]
    held = draw.rows()
    if held is None:
        return None
    known_rows = labelled.rows() or held.where(np.zeros(len(held), dtype=bool))
    return Window(
        version=version,
        profile=profile,
        frame=held.frame,
        probability=held.probability,
        label=held.label,
        ours=held.ours,
        first=moments[0],
        last=moments[1],
        unwatched=unwatched(spec, profile),
        counted=Counted(rows, own_rows, labelled_rows, tally, known_rows),
        elsewhere=elsewhere,
    )
