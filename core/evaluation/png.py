"""A Plotly figure as a PNG, drawn by matplotlib: no browser, no window, nothing drawn twice.

Plotly's own way to a picture (Kaleido) starts a Chrome. The charts here are lines, bars and
tables of colours, so their traces, titles, axes, legend, shapes and annotations are read from the
figure and given to matplotlib. What this cannot draw is refused, never left out in silence.
"""

from __future__ import annotations

import io
import re
import textwrap
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from core.evaluation.png_axes import Scale, dress, scale_of
from core.evaluation.png_colours import colour_map, colour_of, dark_on
from core.palette import OTHERS, REFERENCE

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

# Inches a pixel of the page, so that a chart keeps its proportions; the usual width of one.
_INCH = 1 / 100
_WIDTH = 760
_DPI = 160
_TITLE_CHARACTERS = 68
_DASHES = {"dash": "--", "dot": ":", "dashdot": "-.", "longdash": "--", "solid": "-"}
# Plotly measures marks in pixels across, matplotlib in square points.
_POINTS = 0.75
_BAR_SHARE = 0.8


def png_of(figure: Figure) -> bytes:
    """The figure as a PNG on white paper; ValueError on a kind of trace that is not drawn."""
    with warnings.catch_warnings():
        # The matplotlib that PyCaret holds us to calls its parser by names of old.
        warnings.simplefilter("ignore", DeprecationWarning)
        from matplotlib import style

        # Libraries that PyCaret brings change fonts, caps and grids for the whole process.
        with style.context("default"):
            return _drawn(figure)


def _drawn(figure: Figure) -> bytes:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure as Paper

    for trace in figure.data:
        if trace.type not in ("scatter", "bar", "heatmap"):
            raise ValueError(f"No picture can be made of a trace of type {trace.type!r}.")
    layout = figure.layout
    size = ((layout.width or _WIDTH) * _INCH, (layout.height or 340) * _INCH)
    paper = Paper(figsize=size, dpi=_DPI, facecolor="white")
    FigureCanvasAgg(paper)
    axes = paper.add_subplot()
    x, y = scale_of(figure, "x"), scale_of(figure, "y")
    palette = [colour_of(c) for c in layout.colorway or (REFERENCE, *OTHERS)]
    bars = _Bars(figure)
    for place, trace in enumerate(figure.data):
        colour = palette[place % len(palette)]
        if trace.type == "scatter":
            _scatter(axes, trace, x, y, colour)
        elif trace.type == "bar":
            bars.draw(axes, trace, x, y, colour)
        else:
            _heatmap(axes, trace, x, y)
    dress(axes, figure, x, y)
    _shapes(axes, layout.shapes)
    _annotations(axes, layout.annotations, x, y)
    has_legend_above = _legend(axes, figure)
    axes.set_title(
        textwrap.fill(plain(layout.title.text or ""), _TITLE_CHARACTERS),
        loc="left",
        fontsize=12,
        pad=28 if has_legend_above else 12,
    )
    written = io.BytesIO()
    paper.savefig(written, format="png", bbox_inches="tight", pad_inches=0.15)
    return written.getvalue()


def plain(text: str) -> str:
    """Plotly's markup as text: line breaks kept, tags gone, no mathematics begun by a dollar."""
    return re.sub(r"<[^>]+>", "", text.replace("<br>", "\n")).replace("$", r"\$")


def _scatter(axes: Any, trace: Any, x: Scale, y: Scale, default: Any) -> None:
    at, up = x.places(trace.x), y.places(trace.y)
    mode = trace.mode or "lines+markers"
    colour = colour_of(trace.line.color or trace.marker.color, default)
    name = plain(trace.name) if trace.name else None
    if trace.error_y.array is not None:
        axes.errorbar(
            at,
            up,
            yerr=list(trace.error_y.array),
            fmt="none",
            ecolor=colour_of(trace.error_y.color, colour),
            elinewidth=trace.error_y.thickness or 1.5,
            capsize=3,
        )
    if trace.fill is not None:
        raise ValueError("No picture can be made of a filled line.")
    if "lines" in mode:
        axes.plot(
            at,
            up,
            color=colour,
            linewidth=(trace.line.width or 2) * _POINTS,
            linestyle=_DASHES[trace.line.dash or "solid"],
            label=name,
        )
    if "markers" in mode:
        wanted = 6 if trace.marker.size is None else trace.marker.size
        across = np.broadcast_to(np.asarray(wanted, dtype=float), len(at))
        axes.scatter(
            at,
            up,
            s=(across * _POINTS) ** 2,
            color=colour_of(trace.marker.color, colour),
            label=None if "lines" in mode else name,
            zorder=3,
        )


class _Bars:
    """Bars side by side, or one on another, as the figure's ``barmode`` says."""

    def __init__(self, figure: Figure) -> None:
        traces = [trace for trace in figure.data if trace.type == "bar"]
        self._count = len(traces)
        self._mode = figure.layout.barmode or "group"
        self._drawn = 0
        self._base: dict[float, float] = {}

    def draw(self, axes: Any, trace: Any, x: Scale, y: Scale, default: Any) -> None:
        lying = trace.orientation == "h"
        place = y.places(trace.y) if lying else x.places(trace.x)
        length = np.asarray(trace.x if lying else trace.y, dtype=float)
        if trace.width is not None:
            width = np.broadcast_to(np.asarray(trace.width, dtype=float), len(place))
        else:
            width = np.full(len(place), _BAR_SHARE / self._side_by_side)
            place = place + (self._drawn - (self._side_by_side - 1) / 2) * width
        base = np.array([self._base.get(float(at), 0.0) for at in place])
        error = trace.error_x if lying else trace.error_y
        spread = None if error.array is None else list(error.array)
        style = {
            "color": colour_of(trace.marker.color, default),
            "label": plain(trace.name) if trace.name else None,
            "error_kw": {"ecolor": colour_of(error.color, "grey"), "capsize": 2},
        }
        if lying:
            drawn = axes.barh(place, length, width, left=base, xerr=spread, **style)
        else:
            drawn = axes.bar(place, length, width, bottom=base, yerr=spread, **style)
        if trace.text is not None:
            axes.bar_label(drawn, [plain(str(text)) for text in trace.text], fontsize=8, padding=2)
        if self._mode in ("stack", "relative"):
            self._base.update(zip(map(float, place), base + length, strict=True))
        self._drawn += self._side_by_side > 1

    @property
    def _side_by_side(self) -> int:
        return self._count if self._mode == "group" else 1


def _heatmap(axes: Any, trace: Any, x: Scale, y: Scale) -> None:
    cells = np.asarray(trace.z, dtype=float)
    low = trace.zmin if trace.zmin is not None else np.nanmin(cells)
    high = trace.zmax if trace.zmax is not None else np.nanmax(cells)
    across, down = x.places(trace.x), y.places(trace.y)
    colours = colour_map(trace.colorscale)
    shares = (cells - low) / (high - low or 1.0)
    gap = 0.01 * max(trace.xgap or 0, trace.ygap or 0) / 3
    drawn = axes.imshow(
        cells,
        cmap=colours,
        vmin=low,
        vmax=high,
        aspect="auto",
        extent=(across[0] - 0.5, across[-1] + 0.5, down[-1] + 0.5, down[0] - 0.5),
    )
    for edge in (*(across[1:] - 0.5),):
        axes.axvline(edge, color="white", linewidth=300 * gap)
    for edge in (*(down[1:] - 0.5),):
        axes.axhline(edge, color="white", linewidth=300 * gap)
    if trace.showscale is not False:
        axes.figure.colorbar(drawn, ax=axes)
    if trace.text is None:
        return
    for row, height in enumerate(down):
        for column, place in enumerate(across):
            axes.text(
                place,
                height,
                plain(str(trace.text[row][column])),
                ha="center",
                va="center",
                fontsize=11,
                color=dark_on(colours(shares[row, column])),
            )


def _shapes(axes: Any, shapes: Sequence[Any]) -> None:
    for shape in shapes:
        if shape.type != "line" or not (shape.x0 == shape.x1 or shape.y0 == shape.y1):
            raise ValueError(f"No picture can be made of a shape of type {shape.type!r}.")
        style = {
            "color": colour_of(shape.line.color, "grey"),
            "linewidth": (shape.line.width or 2) * _POINTS,
            "linestyle": _DASHES[shape.line.dash or "solid"],
        }
        if shape.x0 == shape.x1:
            axes.axvline(shape.x0, **style)
        else:
            axes.axhline(shape.y0, **style)


def _annotations(axes: Any, annotations: Sequence[Any], x: Scale, y: Scale) -> None:
    from matplotlib.transforms import blended_transform_factory

    sideways = {
        "left": "left",
        "right": "right",
        "center": "center",
        None: "center",
        "auto": "center",
    }
    upright = {
        "top": "top",
        "bottom": "bottom",
        "middle": "center",
        None: "center",
        "auto": "center",
    }
    for note in annotations:
        in_page = ("paper", "x domain", "y domain")
        across = axes.transAxes if note.xref in in_page else axes.transData
        up = axes.transAxes if note.yref in in_page else axes.transData
        axes.text(
            note.x if note.xref in in_page else x.places([note.x])[0],
            note.y if note.yref in in_page else y.places([note.y])[0],
            plain(note.text),
            transform=blended_transform_factory(across, up),
            ha=sideways[note.xanchor],
            va=upright[note.yanchor],
            fontsize=(note.font.size or 12) * _POINTS,
            color=colour_of(note.font.color, "#333333"),
        )


def _legend(axes: Any, figure: Figure) -> bool:
    """Draw the legend where the page has it; True if that is above the plot."""
    handles, names = axes.get_legend_handles_labels()
    shown = figure.layout.showlegend
    if not names or (shown is None and len(figure.data) < 2) or shown is False:
        return False
    wanted = figure.layout.legend
    upright = {"bottom": "lower", "middle": "center", "top": "upper"}[wanted.yanchor or "top"]
    sideways = wanted.xanchor or "left"
    lies_flat = wanted.orientation == "h"
    axes.legend(
        handles,
        names,
        loc=f"{upright} {sideways}",
        bbox_to_anchor=(
            1.02 if wanted.x is None else wanted.x,
            1.0 if wanted.y is None else wanted.y,
        ),
        ncols=len(names) if lies_flat else 1,
        frameon=False,
        fontsize=9,
        borderaxespad=0,
    )
    return lies_flat and (wanted.y or 0) >= 1
