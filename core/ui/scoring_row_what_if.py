"""What if: move a value, see the probability change; computed, never logged."""

from __future__ import annotations

import math
from typing import Any

import streamlit as st

from core.services import row_court, row_scoring, row_what_if
from core.services.row_form import Field
from core.services.row_passport import Training
from core.signs import signed
from core.ui import pairs, parts
from core.ui.frame import Page
from core.ui.scoring_row_answer import Answered
from core.ui.words import escape, share

_MOST_CONTROLS = 8
_COURT = "the whole court"
_MOST_WHOLE = 2**53  # beyond it the browser's numbers are not whole any more


@st.fragment
def show(page: Page, answered: Answered, training: Training, fields: list[Field]) -> None:
    """Controls on the left, what the model then says on the right; reruns by itself."""
    with st.container(border=True), parts.guarded("explore"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown("#### What if", width="content")
            st.badge("exploration: nothing is logged", icon=":material/science:", color="violet")
        left, right = pairs.pair("what-if", wide_right=True)
        movable = [field for field in fields if _can_move(field)]
        with left:
            values = dict(answered.values)
            for field in _chosen(answered, movable):
                values[field.name] = _control(answered, field)
        with right:
            _outcome(page, answered, training, movable, values)


def _can_move(field: Field) -> bool:
    if field.kind == "numeric":
        return field.low is not None and field.high is not None and field.low < field.high
    return field.kind == "boolean" or bool(field.choices)


def _chosen(answered: Answered, movable: list[Field]) -> list[Field]:
    if len(movable) <= _MOST_CONTROLS:
        return movable
    named = {field.name: field for field in movable}
    names = st.multiselect(
        "Columns to move",
        list(named),
        default=list(named)[:_MOST_CONTROLS],
        format_func=lambda name: named[name].heading,
        key=f"{_key(answered)}-columns",
    )
    return [named[name] for name in names]


def _control(answered: Answered, field: Field) -> Any:
    """A slider, a toggle or a choice; untouched, it gives the row's own value, also a gap."""
    key, own = f"{_key(answered)}-{field.name}", answered.values[field.name]
    start = field.default if own is None else own
    common: dict[str, Any] = {"key": key, "on_change": _look_at, "args": (answered, field.name)}
    if field.kind == "boolean":
        moved = st.toggle(field.label, value=bool(start), **common)
    elif field.kind == "categorical":
        choices = list(dict.fromkeys([*field.choices, start]))
        moved = st.selectbox(field.label, choices, index=choices.index(start), **common)
    else:
        moved = _slider(field, start, common)
    return own if moved == start else moved


def _slider(field: Field, start: Any, common: dict[str, Any]) -> Any:
    assert field.low is not None and field.high is not None and field.step is not None
    low, high = min(field.low, start), max(field.high, start)
    whole = field.whole and float(start).is_integer()
    if whole and max(abs(low), abs(high)) < _MOST_WHOLE:
        ends = (math.floor(low), math.ceil(high), int(start))
        return st.slider(field.label, *ends, step=int(field.step), **common)
    ends_at = (float(low), float(high), float(start))
    fine = 10.0**-field.decimals if field.decimals else float(field.step)
    return st.slider(field.label, *ends_at, step=fine, format=field.format, **common)


def _look_at(answered: Answered, column: str) -> None:
    st.session_state[f"{_key(answered)}-over"] = column


def _outcome(
    page: Page,
    answered: Answered,
    training: Training,
    movable: list[Field],
    values: dict[str, Any],
) -> None:
    result, target = answered.result, page.spec.target
    probability = row_scoring.explore_row(
        page.settings, page.project, values, answered.version, page.spec
    )
    before = row_scoring.explore_row(
        page.settings, page.project, answered.values, answered.version, page.spec
    )
    moved = 100 * (probability - before)
    verdict = target.positive_words if probability > result.threshold else target.negative_words
    changed = [field for field in movable if values[field.name] != answered.values[field.name]]
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        st.metric(
            f"{target.positive_words.capitalize()}, explored",
            share(probability),
            f"{signed(moved, 1)} points" if changed else "as scored",
            delta_color="off",  # more is not better: it is only more likely
            delta_arrow=_way(moved) if changed else "off",
            width="content",
        )
        said = ", ".join(
            f"{field.heading} {field.shown(answered.values[field.name])} → "
            f"{field.shown(values[field.name])}"
            for field in changed
        )
        st.markdown(
            f"The decision would be **{escape(verdict)}**."
            + (f" Changed: {escape(said)}." if said else " Move a value to see it change."),
            width="stretch",
        )
    over = _over(answered, training, movable)
    if over == _COURT:
        _court(page, answered, training, values)
    elif over is not None:
        _curve(page, answered, training, values, over, (before, probability))


def _way(moved: float) -> Any:
    return "up" if moved > 0 else "down" if moved < 0 else "off"


def _over(answered: Answered, training: Training, movable: list[Field]) -> str | None:
    titles = {field.name: field.heading for field in movable}
    if training.placing is not None:
        titles[_COURT] = "The whole court"
    if not titles:
        return None
    key = f"{_key(answered)}-over"
    st.session_state.setdefault(key, _COURT if _COURT in titles else next(iter(titles)))
    return st.selectbox("Probability over", list(titles), format_func=titles.__getitem__, key=key)


def _curve(
    page: Page,
    answered: Answered,
    training: Training,
    values: dict[str, Any],
    column: str,
    answers: tuple[float, float],
) -> None:
    found = row_what_if.curve(
        page.settings, page.spec, training.profile, answered.version, values, column
    )
    parts.chart(
        row_what_if.curve_figure(
            page.spec,
            training.profile,
            found,
            (values[column], answers[1]),
            (answered.values[column], answers[0]),
            answered.result.threshold,
        ),
        "what-if-curve",
        alt="The probability over one column, the others held",
    )
    st.caption(
        "The others are held. Bars: where training's values lie; dotted: the decision threshold."
    )


def _court(page: Page, answered: Answered, training: Training, values: dict[str, Any]) -> None:
    assert training.placing is not None
    parts.chart(
        row_court.map_figure(page.settings, page.spec, answered.version, training.placing, values),
        "what-if-court",
        alt="The probability from everywhere on the court",
    )
    st.caption("The same row taken from every foot of the court, all else held.")


def _key(answered: Answered) -> str:
    return f"what-if-{answered.result.prediction_id}"
