"""What people take away: the numbers behind a chart."""

from __future__ import annotations

from typing import Any


def chart_csv(figure: Any) -> bytes:
    """The numbers behind a Plotly figure as CSV in UTF-8."""
    from core.evaluation.figures import numbers_of

    return bytes(numbers_of(figure).to_csv(index=False).encode("utf-8"))
