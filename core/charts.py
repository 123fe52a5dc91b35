"""Plotly figures as files: one copy of plotly.js a folder, so that a chart is a few kilobytes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from core.files import write_text

_LIBRARY = "plotly.min.js"
_FROM_THE_WEB = re.compile(r'<script [^>]*src="https://cdn[^>]*></script>')


def save(figure: Any, path: Path) -> Path:
    """Write an HTML page that works offline, with plotly.js beside it; returns ``path``."""
    add_library(path.parent)
    write_text(path, page(figure))
    return path


def add_library(folder: Path) -> None:
    """Put plotly.js into ``folder``, so that its pages work offline; nothing if it lies there."""
    library = folder / _LIBRARY
    if not library.is_file():
        from plotly.offline import get_plotlyjs

        write_text(library, get_plotlyjs())


def page(figure: Any) -> str:
    """One HTML page, which takes plotly.js from beside it, and from the web where it lies alone.

    So the same file serves a folder and a viewer of single files, such as MLflow's artifact view.
    """
    drawn = str(figure.to_html(include_plotlyjs="cdn", full_html=True))
    return _FROM_THE_WEB.sub(_beside_first, drawn, count=1)


def _beside_first(found: re.Match[str]) -> str:
    from_the_web = found[0].replace("</", "<\\/")  # within a script, it would end that
    return (
        f'<script charset="utf-8" src="{_LIBRARY}"></script>\n'
        f"        <script>window.Plotly || document.write('{from_the_web}')</script>"
    )
