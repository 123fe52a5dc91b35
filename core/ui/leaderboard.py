"""Versions and their holdout metrics as a table in which the eye finds the best of each column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd
import streamlit as st

from core.services.comparison import HOLDOUT_METRICS, Compared, Version, judged
from core.ui.words import escape, score

# Narrower than this, eight figures beside a name would have to be scrolled sideways.
_NARROW_PIXELS = 1000

CHAMPION_BADGE = ":violet-badge[:material/trophy: champion]"
CHALLENGER_BADGE = ":blue-badge[challenger]"


@dataclass(frozen=True)
class Row:
    """One version on some rows; ``metrics`` by key, None where one is undefined.

    ``reproduces``: the number of the version that it is, trained again; empty for any other.
    ``group``: the same for versions on the same rows; ``mark``: what these are called.
    """

    name: str
    title: str
    aliases: tuple[str, ...]
    metrics: Mapping[str, float | None]
    reproduces: str = ""
    group: str = ""
    mark: str = ""

    @classmethod
    def of(cls, version: Version, same_rows: bool = False) -> Row:
        """A version with the figures that its training logged; ``same_rows``: as the others'."""
        found = judged(version)
        known = {info.key: found.metrics.get(info.key) for info in HOLDOUT_METRICS}
        group, mark = ("", "") if same_rows else (found.group, f"on {found.place}")
        return cls(*_of(version), known, version.reproduces or "", group, mark)

    @classmethod
    def measured(cls, version: Version, found: Compared) -> Row:
        """A version with its figures on the rows of a comparison; none if it is not in it."""
        side = found.sides.get(version.version)
        known = {i.key: side.metrics[i.key].value if side else None for i in HOLDOUT_METRICS}
        return cls(*_of(version), known, version.reproduces or "")


def _of(version: Version) -> tuple[str, str, tuple[str, ...]]:
    return version.name, version.title, version.aliases


def show(rows: Sequence[Row], key: str, file_name: str, where: str = "all on the holdout") -> None:
    """The table, how to read it, and its numbers in full to download; ``where``: on which rows."""
    alike = len({row.group for row in rows}) <= 1
    best = {info.key: _best(rows, info.key) if alike else None for info in HOLDOUT_METRICS}
    table = pd.DataFrame(
        {
            f"{info.title} {'↑' if info.better == 'higher' else '↓'}": [
                _cell(row.metrics.get(info.key), best[info.key]) for row in rows
            ]
            for info in HOLDOUT_METRICS
        },
        index=[_name(row, with_rows=not alike) for row in rows],
    )
    st.html(_narrow_style(list(table.columns)))
    with st.container(key=f"board-{key}"):
        st.table(table, border="horizontal", alt="Metrics of the versions on the holdout")
    with st.container(horizontal=True, vertical_alignment="center"):
        marked = ":green-background[**best**] of its column · " if len(rows) > 1 else ""
        if not alike:
            marked = "Figures on different rows do not compare · "
        explained = "\n".join(f"- **{i.title}**: {i.explanation}" for i in HOLDOUT_METRICS)
        st.caption(
            f"{marked}↑ higher is better, ↓ lower is better · {escape(where)}", help=explained
        )
        st.download_button(
            "Numbers (CSV)",
            data=lambda: numbers(rows).to_csv(index=False).encode("utf-8"),
            file_name=f"{file_name}.csv",
            mime="text/csv",
            key=f"{key}-numbers",
            type="tertiary",
            icon=":material/download:",
            on_click="ignore",
        )


def numbers(rows: Sequence[Row]) -> pd.DataFrame:
    """The table's figures in full precision."""
    return pd.DataFrame(
        [
            {
                "version": row.name,
                "algorithm": row.title,
                "alias": " ".join(row.aliases),
                "reproduces": row.reproduces and f"v{row.reproduces}",
                **{info.key: row.metrics.get(info.key) for info in HOLDOUT_METRICS},
            }
            for row in rows
        ]
    )


def badges(aliases: Sequence[str]) -> str:
    """Champion and challenger as badges, for Markdown."""
    known = {"champion": CHAMPION_BADGE, "challenger": CHALLENGER_BADGE}
    return " ".join(known[alias] for alias in aliases if alias in known)


def _narrow_style(headings: Sequence[str]) -> str:
    """Where the page is narrow, each version is a card whose figures carry their headings."""
    board = '[class*="st-key-board-"]'
    labels = " ".join(
        f'{board} td:nth-of-type({number})::before {{content: "{heading}"}}'
        for number, heading in enumerate(headings, 1)
    )
    return (
        f"<style>@media (max-width: {_NARROW_PIXELS}px) {{{board} thead {{display: none}} "
        f"{board} tr {{display: flex; flex-wrap: wrap; padding: .4rem 0}} "
        f"{board} tbody th {{flex: 1 0 100%; border: none; padding: .2rem .4rem !important}} "
        f"{board} tbody td {{flex: 0 0 25%; min-width: 5.5rem; border: none; "
        f"padding: .2rem .4rem !important}} "
        f"{board} td::before {{display: block; font-size: .75rem; opacity: .7}} {labels}}}</style>"
    )


def _name(row: Row, with_rows: bool) -> str:
    again = f":gray-badge[reproduction of v{row.reproduces}]" if row.reproduces else ""
    where = f":gray-badge[{row.mark}]" if with_rows and row.mark else ""
    marks = " ".join(mark for mark in (badges(row.aliases), again, where) if mark)
    return f"**{row.name}** {escape(row.title)} {marks}".strip()


def _cell(value: float | None, best: float | None) -> str:
    shown = score(value)
    # Equal as shown is equal to the reader, whatever the further digits say.
    return f":green-background[**{shown}**]" if best is not None and shown == score(best) else shown


def _best(rows: Sequence[Row], key: str) -> float | None:
    """The value to mark; None where there is nothing to choose between."""
    known = [value for row in rows if (value := row.metrics.get(key)) is not None]
    if len({score(value) for value in known}) < 2:
        return None
    info = next(info for info in HOLDOUT_METRICS if info.key == key)
    return max(known, key=info.gain)
