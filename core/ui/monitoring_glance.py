"""The findings at a glance: what moved, what it did to the model, what to do next."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from core.services import monitoring, retraining_view
from core.services.monitoring import FeatureDrift, Report, Standing
from core.ui import parts, retraining
from core.ui.frame import Page
from core.ui.monitoring_feature import heading
from core.ui.words import escape, score

_MOST_MOVED = 3
_METRICS = {"roc_auc": "ROC AUC", "f1": "F1", "log_loss": "Log loss"}
_NO_LOSS = {
    "chance": "within chance",
    "perhaps chance": "perhaps chance",
    "small": "too little to matter",
}
_STYLE = (
    "<style>.st-key-glance > div {flex: 1 1 15rem !important; "
    "min-width: min(15rem, 100%) !important}</style>"
)
_SCORE_FIRST = (
    "Score new rows with {name}: only rows that it answers itself show how it performs. Then look "
    "at those alone (Last n rows)."
)
_CALM = {
    "ok": "Nothing has to be done. Score new files as they come; this page follows the log.",
    "warning": "Keep watching, and look below where the shift sits. Labels tell whether it harms.",
    "unknown": "Score more rows, or choose others above: these do not suffice for a verdict.",
}


def show(page: Page, report: Report) -> None:
    """Three cards beside each other, one under the other where the page is narrow."""
    st.html(_STYLE)
    with st.container(horizontal=True, gap="small", key="glance"):
        with st.container(border=True, height="stretch"):
            _moved(page, report)
        with st.container(border=True, height="stretch"):
            _model(report)
        with st.container(border=True, height="stretch"):
            _next(page, report)


def _moved(page: Page, report: Report) -> None:
    st.markdown("**What moved**")
    moved = [one for one in report.drift if one.level in parts.LEVEL_SIGNS]
    moved.sort(key=lambda one: -(one.psi or 0.0))
    if not moved:
        unknown = sum(one.level == "unknown" for one in report.drift)
        st.caption(
            "No feature can be judged on these rows."
            if unknown and unknown == len(report.drift)
            else f"None of {len(report.drift)} features, by more than chance gives."
        )
    for one in moved[:_MOST_MOVED]:
        _one_moved(page, one)
    if len(moved) > _MOST_MOVED:
        st.caption(f"and {len(moved) - _MOST_MOVED} more of {len(report.drift)} features")


def _one_moved(page: Page, one: FeatureDrift) -> None:
    said = f"**{escape(heading(page, one.name))}**  \n:small[{escape(one.change)}]"
    st.markdown(f"{parts.LEVEL_SIGNS[one.level]} {said}")


def _model(report: Report) -> None:
    st.markdown("**What it did to the model**")
    window, before = report.window, monitoring.reference_metrics(report.window.version)
    judged = window.profile.reference.judged_title
    if report.realised is not None:
        after = {name: _value(report.realised.get(name)) for name in _METRICS}
        _from_to(before, after, _standings(report, "realised"))
        st.caption(
            f"{judged} → these rows; {window.labelled_rows:,} of {window.own_rows:,} rows are "
            "labelled."
        )
    elif report.estimate.status == "refused":
        st.markdown("Nothing can be said about performance yet.")
        st.caption(escape(_why_nothing(report)))
    else:
        after = {name: one.value for name, one in report.estimate.metrics.items()}
        _from_to(before, after, _standings(report, "estimated"))
        none = report.unheard.sentence or "No label of these rows is known yet."
        st.caption(f"{judged} → estimate. {none}")


def _why_nothing(report: Report) -> str:
    """Why there is no estimate, and why labels do not tell either."""
    if not report.window.own_rows and report.unheard.sentence:
        return report.unheard.sentence
    return f"{report.estimate.reason} {report.unheard.sentence}".rstrip()


def _value(figure: Any) -> float | None:
    return figure["value"] if figure else None


def _standings(report: Report, kind: str) -> dict[str, Standing]:
    """How the assessment holds each metric, ``kind`` being realised or estimated."""
    return {name: report.assessment.standings.get(f"{kind}_{name}", "") for name in _METRICS}


def _from_to(
    before: Mapping[str, float],
    after: Mapping[str, float | None],
    standings: Mapping[str, Standing],
) -> None:
    """Each metric then and now, coloured where it is held for a loss."""
    lines = []
    for name, title in _METRICS.items():
        then, now = before.get(name), after.get(name)
        if then is None or now is None:
            continue
        standing = standings[name] if score(now) != score(then) else ""
        figure = f"**{score(now)}**"
        if standing in parts.LEVEL_COLOURS:
            figure = f":{parts.LEVEL_COLOURS[standing]}[{figure}]"
        elif standing in _NO_LOSS:
            figure += f" :gray[{_NO_LOSS[standing]}]"
        lines.append(f"{title} {score(then)} → {figure}")
    st.markdown("  \n".join(lines))


def _next(page: Page, report: Report) -> None:
    st.markdown("**What next**")
    new = report.unheard.todo and not report.window.own_rows
    if new:
        st.markdown(_SCORE_FIRST.format(name=f"v{report.window.version.version}"))
    elif report.assessment.level != "alarm":
        st.markdown(_CALM[report.assessment.level])
    if new or report.assessment.level != "alarm":
        parts.link("4_Production_scoring", page.project, "Score a file")
    if report.assessment.level != "alarm":
        return
    if report.window.profile.reference.is_production:
        _next_of_renewed(report)
    elif retraining_view.is_retrained(report.window.version.metrics):
        _next_of_retrained()
    else:
        _way_back(report)
    parts.link("3_Model_comparison", page.project, "Compare and promote")
    parts.link("1_Data_preparation", page.project, "Or add rows and prepare anew")


def _way_back(report: Report) -> None:
    first = f"[Retrain](#{retraining.ANCHOR}) on the labelled production rows"
    if report.realised is None and not report.window.elsewhere:
        first = f"Collect labels of production, then [retrain](#{retraining.ANCHOR}) on them"
    st.markdown(
        "Lead back to a good model:\n"
        f"1. {first}: the newest of them judge the challenger.\n"
        "2. Compare it with the champion; promote the better.\n"
        "3. Score new rows and look at those alone (Last n rows)."
    )


def _next_of_renewed(report: Report) -> None:
    """An alarm is news here: these rows are unlike those that the version was retrained for."""
    reference = report.window.profile.reference
    st.markdown(
        "These rows are unlike the production rows that this version was retrained for; "
        f"{reference.older}.\n"
        "1. Are they of the older kind? Compare tells how it does on the old holdout.\n"
        f"2. If they are new: label them, then [retrain](#{retraining.ANCHOR}) on them.\n"
        "3. Rows scored before are in the log too: look at the newest alone (Last n rows)."
    )


def _next_of_retrained() -> None:
    """Held against old and new rows together: nobody must be sent round in a circle."""
    st.markdown(
        "This version learnt from production rows and from older ones. Measured against both "
        "together, production alone stays marked: retraining at once on the same rows brings no "
        "better model.\n"
        "1. Look at the rows scored since then alone (Last n rows).\n"
        "2. Does it do better on them than the one before? Compare tells, under Production.\n"
        f"3. [Retrain](#{retraining.ANCHOR}) when enough new labels have come: with "
        f"{retraining_view.ENOUGH_TO_JUDGE} rows or more to judge it, the next version is held "
        "against production alone."
    )
