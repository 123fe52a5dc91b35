"""Numbers as a person would say them: in their own unit, with the digits that mean something."""

from __future__ import annotations

import math

from core.signs import minus

SIGNIFICANT_DIGITS = 3
LARGEST_PLAIN = 1e15  # beyond this, digits are noise: write 1.2e+20


def number(value: float | None, spread: float | None = None) -> str:
    """``value`` with the decimals that matter.

    With ``spread`` (a standard deviation in the same unit) the last digit shown is a tenth to a
    hundredth of it, so that a latitude of 33.835 keeps its decimals and a count of rows does not;
    without, three significant digits.
    """
    if value is None or math.isnan(value):
        return "unknown"
    if math.isinf(value) or abs(value) >= LARGEST_PLAIN:
        return minus(f"{value:.3g}")
    scale = spread if spread and math.isfinite(spread) else None
    if scale is None:
        decimals = SIGNIFICANT_DIGITS - 1 - _magnitude(value) if value else 0
    else:
        decimals = 1 - _magnitude(scale)
    text = f"{value:,.{min(max(decimals, 0), 12)}f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else minus(text)


def percent(share: float) -> str:
    """A share of one as a percentage: ``0.41`` is ``41%``, ``0.004`` is ``0.4%``."""
    hundredths = 100 * share
    if 0 < hundredths < 0.1:
        return "< 0.1%"
    if hundredths < 1 or 99 < hundredths < 100:
        return f"{hundredths:.1f}%".replace(".0%", "%").replace("100%", "> 99.9%")
    return f"{hundredths:.0f}%"


def with_unit(text: str, unit: str) -> str:
    """``25`` and ``ft`` make ``25 ft``; without a unit the text stays as it is."""
    return f"{text} {unit}" if unit else text


def _magnitude(value: float) -> int:
    return math.floor(math.log10(abs(value)))
