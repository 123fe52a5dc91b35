"""What labels cannot say of a version, because other versions scored the rows that have them.

So it is right after a promotion: the log is full of rows, and none of them is the new champion's.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.listing import listed
from core.monitoring.window import Window


@dataclass(frozen=True)
class Unheard:
    """``known``: why nothing can be said, as a clause; ``todo``: what mends it. "" where heard."""

    known: str = ""
    todo: str = ""

    @property
    def sentence(self) -> str:
        """The clause as a sentence of its own; "" where there is none."""
        return f"{self.known[:1].upper()}{self.known[1:]}." if self.known else ""


HEARD = Unheard()


def unheard_of(window: Window) -> Unheard:
    """What a window leaves unheard of its version; nothing where it scored labelled rows itself.

    Nothing either where there is no label at all, and where rows were never scored by anybody.
    """
    if window.first is None or window.labelled_rows:
        return HEARD
    name = f"v{window.version.version}"
    unknown, scored_none = f"how {name} performs is not known yet", not window.own_rows
    if not window.elsewhere:
        why = f"{unknown}: it has scored none of these rows"
        return Unheard(why, f"score new rows with {name}") if scored_none else HEARD
    rows = sum(window.elsewhere.values())
    others = listed([f"v{number}" for number in sorted(window.elsewhere, key=_by_number)])
    verb = "row was" if rows == 1 else "rows were"
    todo = f"score new rows with {name}" if scored_none else f"bring labels of what {name} scored"
    return Unheard(f"{unknown}: the {rows:,} labelled {verb} scored by {others}", todo)


def _by_number(version: str) -> tuple[int, str]:
    return (int(version) if version.isdecimal() else 0), version
