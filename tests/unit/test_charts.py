"""The common look of charts, and charts as files that work offline."""

from __future__ import annotations

from pathlib import Path

import plotly.graph_objects as go

from core import charts, palette


def figure() -> go.Figure:
    return go.Figure(go.Bar(x=[1, 2], y=[3, 4])).update_layout(**palette.layout("Two bars"))


def test_layout_merges_what_a_chart_adds() -> None:
    layout = palette.layout("T", height=100, xaxis={"title": {"text": "feet"}}, barmode="stack")
    assert layout["title"]["text"] == "T"
    assert layout["height"] == 100
    assert layout["barmode"] == "stack"
    assert layout["xaxis"]["title"]["text"] == "feet"
    assert layout["xaxis"]["automargin"] is True
    assert "title" not in palette.layout("T")["xaxis"]


def test_every_status_has_a_sign_and_a_colour() -> None:
    assert set(palette.STATUS_SIGN) == set(palette.STATUS_COLOUR)
    assert len(set(palette.STATUS_SIGN.values())) == len(palette.STATUS_SIGN)


def test_a_folder_holds_plotly_once(tmp_path: Path) -> None:
    for name in ("a", "b"):
        assert charts.save(figure(), tmp_path / f"{name}.html").is_file()
    library = tmp_path / "plotly.min.js"
    assert {path.name for path in tmp_path.iterdir()} == {"a.html", "b.html", library.name}
    assert library.stat().st_size > 1_000_000
    page = (tmp_path / "a.html").read_text()
    assert len(page) < 50_000
    assert 'src="plotly.min.js"' in page
    assert "Two bars" in page


def test_the_same_page_serves_a_viewer_of_single_files() -> None:
    page = charts.page(figure())
    assert page.startswith("<html>")
    beside, otherwise = page.index('src="plotly.min.js"'), page.index("window.Plotly ||")
    drawn = page.index("Plotly.newPlot")
    assert beside < otherwise < page.index("https://cdn.plot.ly") < drawn
    assert "integrity=" in page[otherwise:drawn] and "<\\/script>')" in page[otherwise:drawn]
