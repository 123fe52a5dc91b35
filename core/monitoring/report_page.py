"""The report of one check as a single HTML file that needs nothing else: no network, no server."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from html import escape
from typing import Any

from core import palette
from core.monitoring.drift import FeatureDrift
from core.monitoring.figure_matter import effect_figure, slice_figure
from core.monitoring.figure_performance import performance_figure
from core.monitoring.figures import distribution_figure, drift_bars
from core.monitoring.judgement import Report, reference_metrics
from core.monitoring.words import number, percent

MOST_FEATURES = 8
_STYLE = f"""
body {{ font: 16px/1.55 system-ui, sans-serif; color: #1c2430; background: #fff;
  max-width: 60rem; margin: 2rem auto; padding: 0 1.2rem; }}
h1 {{ font-size: 1.05rem; margin: 0; color: #556; font-weight: 600; }}
h2 {{ margin-top: 2.4rem; font-size: 1.25rem; border-bottom: 1px solid #dde; }}
h3 {{ font-size: 1rem; margin: 1.6rem 0 .2rem; }}
.verdict {{ font-size: 1.5rem; line-height: 1.35; margin: .6rem 0; }}
.facts, .note {{ color: #556; }}
.level {{ display: inline-block; color: #fff; border-radius: .4rem; padding: .1rem .6rem; }}
table {{ border-collapse: collapse; width: 100%; font-size: .9rem; }}
th, td {{ text-align: left; padding: .3rem .5rem; border-bottom: 1px solid #e5e8ee;
  vertical-align: top; }}
td.figure {{ text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }}
.wide {{ overflow-x: auto; }}
li {{ margin: .3rem 0; }}
.ok {{ background: {palette.OK}; }} .warning {{ background: {palette.WARNING}; }}
.alarm {{ background: {palette.ALARM}; }} .unknown {{ background: {palette.REFERENCE}; }}
"""


def html_of(report: Report, title: str, made_at: datetime) -> str:
    """The whole page; plotly.js is inside it, once."""
    from plotly.offline import get_plotlyjs

    level = report.assessment.level
    parts = [
        f"<h1>{escape(title)}: check of production</h1>",
        f'<p class="verdict"><span class="level {level}">{palette.STATUS_SIGN[level]} {level}'
        f"</span> {escape(report.assessment.verdict)}</p>",
        f'<p class="facts">{escape(_facts(report, made_at))}</p>',
        *_alerts(report),
        *_features(report),
        *_matter(report),
        *_performance(report),
        *_table(report.drift),
        *_reading(report),
    ]
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}: check of production</title><style>{_STYLE}</style>"
        f"<script>{get_plotlyjs()}</script></head><body>{''.join(parts)}</body></html>"
    )


def file_name(project: str, made_at: datetime) -> str:
    """A name to download it by."""
    plain = re.sub(r"[^a-z0-9_-]", "_", project.lower())
    return f"{plain}_check_{made_at.astimezone(UTC):%Y%m%dT%H%M%S}.html"


def _facts(report: Report, made_at: datetime) -> str:
    window, reference = report.window, report.window.profile.reference
    said = [f"{window.rows:,} rows against {window.profile.of(window.version.label)}"]
    if window.first and window.last:
        first, last = (f"{one:%Y-%m-%d %H:%M}" for one in (window.first, window.last))
        said.append(f"logged {first} to {last} UTC")
    said.append(f"checked {made_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC")
    return " ".join(filter(None, [f"{', '.join(said)}.", reference.explained, window.drawn]))


def _alerts(report: Report) -> Iterable[str]:
    alerts = report.assessment.alerts
    yield "<h2>Alerts</h2>"
    if not alerts:
        yield "<p>None.</p>"
        return
    items = (
        f'<li><span class="level {one.level}">{palette.STATUS_SIGN[one.level]} {one.level}</span> '
        f"{escape(one.message)}</li>"
        for one in alerts
    )
    yield f"<ul>{''.join(items)}</ul>"


def _features(report: Report) -> Iterable[str]:
    yield "<h2>Which features moved</h2>"
    yield _chart(drift_bars(report.drift))
    moved = sorted((one for one in report.drift if one.drifted), key=lambda one: -(one.psi or 0.0))
    slices = {one.feature: one for one in report.slices}
    reference = report.window.profile.reference
    for one in moved[:MOST_FEATURES]:
        feature = report.window.profile.features[one.name]
        title = f"{one.name}: {one.change}"
        yield _chart(distribution_figure(feature, report.window.frame[one.name], title, reference))
        if one.name in slices:
            yield _chart(slice_figure(slices[one.name], reference))
    if len(moved) > MOST_FEATURES:
        yield f'<p class="note">{len(moved) - MOST_FEATURES} more are in the table below.</p>'


def _matter(report: Report) -> Iterable[str]:
    if not report.effects and not report.losses:
        return
    yield "<h2>Does it matter?</h2>"
    if report.effects:
        yield _chart(effect_figure(report.effects, report.drift))
    for one in report.losses:
        yield f"<p>{escape(one.sentence)} ({escape(one.measure)})</p>"


def _performance(report: Report) -> Iterable[str]:
    yield "<h2>Performance</h2>"
    figure = performance_figure(
        reference_metrics(report.window.version),
        report.estimate.metrics,
        report.realised,
        report.window.profile.reference,
    )
    if figure is not None:
        yield _chart(figure)
    estimated = "Not estimated. " if report.estimate.status == "refused" else ""
    yield f"<p>{estimated}{escape(report.estimate.reason)}</p>"
    if report.explanation:
        items = "".join(f"<li>{escape(one)}</li>" for one in report.explanation)
        yield f"<p>On labelled rows:</p><ul>{items}</ul>"
    elif report.realised is None:
        unheard = report.unheard.sentence or "No label of these rows is known."
        yield f"<p>{escape(unheard)}</p>"


def _table(drift: Sequence[FeatureDrift]) -> Iterable[str]:
    heads = ("feature", "level", "PSI", "by chance below", "would be seen", "Jensen-Shannon", "KS")
    more_heads = ("Wasserstein (std)", "missing", "change")
    rows = []
    for one in drift:
        figures = (one.psi, one.threshold)
        more = (one.js_distance, one.ks, one.wasserstein)
        cells = [
            f"<td>{escape(one.name)}</td><td>{one.level}</td>",
            *(_figure(value) for value in figures),
            f"<td>{escape(one.detectable or '–')}</td>",
            *(_figure(value) for value in more),
            _figure(one.missing_share, as_share=True),
            f"<td>{escape(one.change)}</td>",
        ]
        rows.append(f"<tr>{''.join(cells)}</tr>")
    head = "".join(f"<th>{escape(name)}</th>" for name in (*heads, *more_heads))
    yield "<h2>All features in figures</h2>"
    yield f'<div class="wide"><table><tr>{head}</tr>{"".join(rows)}</table></div>'


def _reading(report: Report) -> Iterable[str]:
    windows = report.policy.windows_per_false_alarm
    yield (
        f'<h2>How to read this</h2><p class="note">Thresholds are what chance gives on '
        f"{report.window.rows:,} unchanged rows: one check in {windows:,} raises an alert though "
        "nothing has changed. “Would be seen” is the smallest shift that four windows of five of "
        "this size would show. PSI is the population stability index: 0 is alike, from 0.1 on a "
        "shift is an alarm. Intervals are 95%.</p>"
    )


def _figure(value: float | None, as_share: bool = False) -> str:
    text = "–" if value is None else percent(value) if as_share else number(value)
    return f'<td class="figure">{text}</td>'


def _chart(figure: Any) -> str:
    """Title as text, so that it wraps; the chart below it without."""
    title = str(figure.layout.title.text or "")
    figure.update_layout(title={"text": ""}, margin={"t": 36}, autosize=True)
    chart = figure.to_html(
        include_plotlyjs=False,
        full_html=False,
        config={"responsive": True, "displaylogo": False},
    )
    return f"<h3>{escape(title)}</h3>{chart}"
