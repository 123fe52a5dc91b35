"""Plotly figures as files: one copy of plotly.js a folder, so that a chart is a few kilobytes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from core.files import write_text

_LIBRARY = "plotly.min.js"


def save(figure: Any, path: Path) -> Path:
    """Write an HTML page that works offline, with plotly.js beside it; returns ``path``."""
    library = path.with_name(_LIBRARY)
    if not library.is_file():
        from plotly.offline import get_plotlyjs

        write_text(library, get_plotlyjs())
    write_text(path, figure.to_html(include_plotlyjs="directory", full_html=True))
    return path


def page(figure: Any) -> str:
    """One HTML page for a viewer that shows single files, such as MLflow's artifact view."""
    return str(figure.to_html(include_plotlyjs="cdn", full_html=True))
