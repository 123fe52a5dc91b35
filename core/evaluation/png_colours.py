"""Plotly's colours as matplotlib takes them: ``#rrggbb``, ``rgb(…)``, ``rgba(…)``, names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

_RGB = re.compile(r"rgba?\(([^)]*)\)")
# Rec. 709: how bright red, green and blue look.
_BRIGHTNESS = (0.2126, 0.7152, 0.0722)


def colour_of(colour: Any, default: Any = None) -> Any:
    """One colour; ``default`` where there is none."""
    if colour is None:
        return default
    if found := _RGB.fullmatch(str(colour)):
        parts = [float(part) for part in found[1].split(",")]
        return (*(part / 255 for part in parts[:3]), *parts[3:])
    return colour


def colour_map(scale: Sequence[Sequence[Any]]) -> Any:
    """A Plotly colour scale ``[[share, colour], …]`` as a matplotlib colour map."""
    from matplotlib.colors import LinearSegmentedColormap

    points = [(float(share), colour_of(colour)) for share, colour in scale]
    return LinearSegmentedColormap.from_list("of the figure", points)


def dark_on(paper: Sequence[float]) -> str:
    """A text colour that reads on ``paper`` (red, green, blue and more, 0 to 1)."""
    bright = sum(weight * part for weight, part in zip(_BRIGHTNESS, paper[:3], strict=True))
    return "#222222" if bright > 0.45 else "white"
