"""One set of colours and one Plotly template, used by every chart and by the Streamlit theme."""

from __future__ import annotations

from typing import Any

ACCENT = "#E4572E"  # production, the thing to look at
REFERENCE = "#6B7A8F"  # training data: neutral
CHAMPION = "#7152C9"  # the version in charge
CHAMPION_ON_DARK = "#8A6EDD"  # the same where it is text on dark paper: 4.6:1, under white 3.9:1
MUTED = "#A9B4C2"  # everybody else
POSITIVE = "#2A9D8F"  # what happened: class 1, on every page
NEGATIVE = REFERENCE  # class 0
OK = "#2E8B57"
WARNING = "#C98A00"
ALARM = "#C0392B"
OTHERS = (
    *("#2A9D8F", "#457B9D", "#B5838D", "#8D99AE", "#7A9E3B", "#BC6C25"),
    *("#D4A017", "#D16BA5", "#4FA3D1"),
)

STATUS_SIGN = {"ok": "✓", "warning": "!", "alarm": "▲", "unknown": "?"}
STATUS_COLOUR = {"ok": OK, "warning": WARNING, "alarm": ALARM, "unknown": MUTED}

_GRID = "rgba(128,138,155,0.22)"
_TOOLS_WIDTH = 36


def layout(title: str, **extra: Any) -> dict[str, Any]:
    """Layout of a chart whose title states the finding; reads on light and dark paper alike."""
    base: dict[str, Any] = {
        "title": {"text": title, "x": 0, "xanchor": "left", "font": {"size": 15}},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "margin": {"l": 56, "r": 16, "t": 64, "b": 48},
        "colorway": [REFERENCE, ACCENT, CHAMPION, *OTHERS],
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 1, "xanchor": "right"},
        "xaxis": {"gridcolor": _GRID, "zeroline": False, "automargin": True},
        "yaxis": {"gridcolor": _GRID, "zeroline": False, "automargin": True},
        "hoverlabel": {"namelength": -1},
        "height": 340,
    }
    for key, value in extra.items():
        if isinstance(value, dict) and isinstance(base.get(key), dict):
            base[key] = {**base[key], **value}
        else:
            base[key] = value
    return base


def tools_beside(margin: float | None) -> dict[str, Any]:
    """Changes to a layout whose right ``margin`` is given, in pixels: its tools stand there.

    Plotly lays them over the top of the chart, where its legend is.
    """
    return {
        "modebar": {
            "orientation": "v",
            "bgcolor": "rgba(0,0,0,0)",
            "color": REFERENCE,
            "activecolor": ACCENT,
        },
        "margin": {"r": max(margin or 0, _TOOLS_WIDTH)},
    }
