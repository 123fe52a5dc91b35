"""A short document of headings, paragraphs, tables and curves, as HTML or Markdown."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass

_STYLE = (
    "body{font:15px/1.55 system-ui,sans-serif;max-width:60rem;margin:2.5rem auto;padding:0 1rem;"
    "color:#1d2530;background:#fff}h1{font-size:1.6rem}h2{font-size:1.15rem;margin-top:2rem}"
    "table{border-collapse:collapse;display:block;overflow-x:auto}td,th{text-align:left;"
    "padding:.25rem .8rem .25rem 0;border-bottom:1px solid #d9dee6;vertical-align:top}"
    "th{font-weight:600}svg{max-width:100%;height:auto}code{overflow-wrap:anywhere}"
    "@media(prefers-color-scheme:dark){body{color:#e4e8ee;background:#14181f}"
    "td,th{border-color:#333c49}}"
)
_SIZE, _PAD = 320, 36


@dataclass(frozen=True)
class Heading:
    text: str
    level: int = 2


@dataclass(frozen=True)
class Paragraph:
    text: str


@dataclass(frozen=True)
class Table:
    """``rows`` are as long as ``head``."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Curve:
    """A line in the unit square with the diagonal, drawn in HTML alone."""

    title: str
    x: Sequence[float]
    y: Sequence[float]
    x_title: str
    y_title: str


Block = Heading | Paragraph | Table | Curve


def markdown(blocks: Sequence[Block]) -> str:
    """The document as Markdown; curves are left out, their figures stand in the tables."""
    parts = []
    for block in blocks:
        if isinstance(block, Heading):
            parts.append(f"{'#' * block.level} {_cell(block.text)}")
        elif isinstance(block, Paragraph):
            parts.append(_cell(block.text))
        elif isinstance(block, Table):
            lines = [_row(block.head), _row(["---"] * len(block.head)), *map(_row, block.rows)]
            parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n"


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell if cell == "---" else _cell(cell) for cell in cells) + " |"


def _cell(text: str) -> str:
    """Text that no Markdown reader takes for markup, nor for the end of a cell."""
    for sign in "\\`*_[]<>|#":
        text = text.replace(sign, "\\" + sign)
    return " ".join(text.split())


def html_page(blocks: Sequence[Block], title: str) -> str:
    """One self-contained page: no script, no font, no picture from elsewhere."""
    body = "\n".join(_html(block) for block in blocks)
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{html.escape(title)}</title><style>{_STYLE}</style></head>\n"
        f"<body>\n{body}\n</body></html>\n"
    )


def _html(block: Block) -> str:
    if isinstance(block, Heading):
        return f"<h{block.level}>{html.escape(block.text)}</h{block.level}>"
    if isinstance(block, Paragraph):
        return f"<p>{html.escape(block.text)}</p>"
    if isinstance(block, Table):
        head = "".join(f"<th>{html.escape(cell)}</th>" for cell in block.head)
        rows = "".join(
            "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>"
            for row in block.rows
        )
        return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    return _svg(block)


def _svg(curve: Curve) -> str:
    """The curve as a picture of 320 by 320 units, in the text's own colour."""

    def place(x: float, y: float) -> str:
        return f"{_PAD + x * (_SIZE - _PAD):.1f},{(1 - y) * (_SIZE - _PAD):.1f}"

    points = " ".join(place(x, y) for x, y in zip(curve.x, curve.y, strict=True))
    edge, bottom = _SIZE - _PAD, _SIZE - 8
    return (
        f'<svg viewBox="0 0 {_SIZE} {_SIZE}" width="{_SIZE}" role="img" fill="none" '
        f'stroke="currentColor"><title>{html.escape(curve.title)}</title>'
        f'<path d="M{_PAD},0V{edge}H{_SIZE}" opacity=".4"/>'
        f'<polyline points="{place(0, 0)} {place(1, 1)}" stroke-dasharray="4 4" opacity=".4"/>'
        f'<polyline points="{points}" stroke="#7152C9" stroke-width="2.5"/>'
        f'<g fill="currentColor" stroke="none" font-size="12">'
        f'<text x="{_PAD}" y="{bottom}">{html.escape(curve.x_title)}</text>'
        f'<text x="12" y="{edge}" transform="rotate(-90 12 {edge})">'
        f"{html.escape(curve.y_title)}</text></g></svg>"
    )
