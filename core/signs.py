"""Figures with the signs that people read: a true minus in words, charts and hover texts alike.

What machines read (CSV, JSON numbers, code) keeps the ASCII hyphen. Plotly writes a true minus on
its axes and in ``%{x}``, but a hyphen where a hover text names a format, as in ``%{x:.2f}``: give
the axis a ``hoverformat`` instead, or hand over text made here.
"""

from __future__ import annotations

import math

MINUS = "\N{MINUS SIGN}"


def minus(figure: str) -> str:
    """A figure as Python formats it, with true minus signs: "-0.5" is "−0.5"."""
    return figure.replace("-", MINUS)


def decimal(value: float, decimals: int) -> str:
    """A figure with this many decimals, never "−0.00"; "nan" where it is not a number."""
    return minus(f"{_rounded(value, decimals):.{decimals}f}")


def signed(value: float, decimals: int) -> str:
    """A difference with its sign: "+0.012", "−0.012", and "0.000" where none is left to see."""
    rounded = _rounded(value, decimals)
    return minus(f"{rounded:{'+' if abs(rounded) > 0 else ''}.{decimals}f}")


def _rounded(value: float, decimals: int) -> float:
    """Without the sign that Python keeps on a zero."""
    return value if math.isnan(value) else round(value, decimals) + 0.0
