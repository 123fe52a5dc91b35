"""Numbers and times as a person reads them."""

from __future__ import annotations

import math
from datetime import UTC, datetime

from core.signs import decimal, minus

_UNBROKEN = "\N{NO-BREAK SPACE}"


def number(value: float | None, digits: int = 3) -> str:
    """Three significant digits, thousands separated; a dash where there is none."""
    if value is None or math.isnan(value):
        return "–"
    if value == int(value) and abs(value) < 1e15:
        return minus(f"{int(value):,}")
    if abs(value) >= 1000:
        return minus(f"{value:,.0f}")
    decimals = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    return decimal(value, min(decimals, 6))


def score(value: float | None) -> str:
    """A metric with three decimals, zero too, and a true minus; a dash where there is none."""
    if value is None or math.isnan(value):
        return "–"
    return decimal(value, 3)


def megabytes(size: float) -> str:
    """A size in memory or on disk: "640 MB", "1.3 GB"."""
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.0f} MB"


def share(value: float | None) -> str:
    """A share as a percentage with one decimal, "54.7%"; a dash where there is none."""
    return "–" if value is None or math.isnan(value) else f"{100 * value:.1f}%"


def ago(moment: datetime, now: datetime | None = None) -> str:
    """How long ago, in the largest unit that fits: "just now", "5 min ago", "3 days ago"."""
    seconds = max(0.0, ((now or datetime.now(UTC)) - moment).total_seconds())
    if seconds < 45:
        return "just now"
    for size, unit in ((86400 * 1.5, "days"), (3600, "h"), (60, "min")):
        if seconds >= size:
            step = 86400 if unit == "days" else size
            return f"{seconds / step:.0f} {unit} ago"
    return "1 min ago"


def exact(moment: datetime) -> str:
    """The moment itself, for hovering over."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def duration(seconds: float) -> str:
    """A length of time: "under 1 s", "8 s", "2 min 5 s", "1 h 10 min"."""
    if seconds < 1:
        return "under 1 s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def verdict_parts(verdict: str) -> tuple[str, str]:
    """Monitoring's verdict as its finding, and what follows from it in sentences of their own."""
    finding, *rest = verdict.rstrip(".").split("; ")
    return finding, " ".join(f"{clause[:1].upper()}{clause[1:]}." for clause in rest)


def unbroken(text: str) -> str:
    """Text that stays on one line: "5 min ago" is never torn between figure and unit."""
    return text.replace(" ", _UNBROKEN)


def escape(text: str) -> str:
    """Text as it is, where Streamlit would read Markdown or LaTeX into it."""
    for sign in "\\`*_{}[]()#+!|~$<>:":
        text = text.replace(sign, "\\" + sign)
    return text
