"""Scoring one row: a court and a form made from the specification; a press logs exactly one row."""

from __future__ import annotations

import threading
from typing import Any

import streamlit as st

from core.services import row_court, row_form, row_passport, row_scoring, scoring, serving
from core.services.row_form import Field
from core.services.row_passport import Training
from core.services.scoring import Version
from core.services.serving import EndpointView
from core.ui import pairs, parts, scoring_row_answer, scoring_row_passport
from core.ui.frame import Page
from core.ui.scoring_row_answer import HERE, REST, WAYS, Answered


def show(page: Page, version: Version) -> None:
    """The form, the answer beside it, the row's passport below; touching it reruns only this."""
    with parts.guarded("make the form"):
        training = training_of(page, version)
        view = serving.status(page.settings, page.project)
        _panel(page, version, training, view)
        _warm_up(page.settings, version.source, version)


@st.cache_resource(show_spinner=False, max_entries=20)
def _warm_up(_settings: Any, source: str, _version: Version) -> threading.Thread:
    """Load the model beside the first look at the form, so that no press waits for it."""
    thread = threading.Thread(
        target=row_scoring.warm_up, args=(_settings, _version), daemon=True, name="load-model"
    )
    thread.start()
    return thread


def training_profile(page: Page, version: Version) -> Any:
    """The training data of a version in small, kept in memory."""
    return training_of(page, version).profile


def training_of(page: Page, version: Version) -> Training:
    """The same, ready for questions about single rows."""
    return _training(page.settings, version.run_id, page.spec.digest, version, page.spec)


@st.cache_resource(show_spinner=False, max_entries=20)
def _training(_settings: Any, run_id: str, digest: str, _version: Version, _spec: Any) -> Training:
    return row_passport.training_of(_spec, scoring.profile(_settings, _version))


@st.fragment
def _panel(page: Page, version: Version, training: Training, view: EndpointView | None) -> None:
    pressed, answered = False, None
    with parts.guarded("show the form"):
        fields = row_form.fields(page.spec, training.profile)
        _fill(page, training, fields)
        left, right = pairs.pair("row")
        with left:
            if training.placing is not None:
                _court(page, training, fields)
        with right if training.placing else left:
            values = _form(page, fields)
            through = _through(view)
            with st.container(horizontal=True, vertical_alignment="center"):
                pressed = st.button("Predict", type="primary", icon=":material/bolt:")
                st.caption(
                    "Each press is logged as one row; changing the form logs nothing.",
                    width="stretch",
                )
        with right:
            if pressed:
                _press(page, version, values, through)
            answered = st.session_state.get(_answer_key(page))
            scoring_row_answer.show(page, answered, values)
        if answered is not None:
            scoring_row_passport.show(page, answered, training_of(page, answered.version), fields)
    if pressed and answered is not None:
        st.rerun()  # the log below and the status line tell of it once the answer is there


def _fill(page: Page, training: Training, fields: list[Field]) -> None:
    """Values for a form that has none yet; a distance that follows the position agrees with it."""
    fresh = [field for field in fields if _key(page, field.name) not in st.session_state]
    for field in fresh:
        st.session_state[_key(page, field.name)] = field.default
    if training.placing is not None and len(fresh) == len(fields):
        x, y = row_court.on_court(page.spec, {field.name: field.default for field in fields})
        place(page, training, fields, x, y)


def _court(page: Page, training: Training, fields: list[Field]) -> None:
    assert training.placing is not None
    values = {field.name: st.session_state[_key(page, field.name)] for field in fields}
    place_key = f"row-court-{page.project}"
    # A new chart after each click: one that was deselected meanwhile may keep its old drawing.
    key = f"{place_key}-{len(st.session_state.get(_clicks_key(page), ()))}"
    st.markdown("**Click where the shot is taken**")
    with st.container(key=place_key):
        st.plotly_chart(
            row_court.pick_figure(page.spec, training.rows, values),
            key=key,
            on_select=lambda: _clicked(page, training, fields, key),
            selection_mode="points",
            config={"displayModeBar": False, "doubleClickDelay": 0},  # two clicks stay two clicks
            alt="The court, with training's shots and this row; a click sets the position",
        )
    if training.placing.distance is not None:
        title = page.spec.column(training.placing.distance).title
        st.caption(f"A click also sets the {title}, which in training follows the position.")


def _clicked(page: Page, training: Training, fields: list[Field], key: str) -> None:
    """Put the row where the click was.

    A second click on the same point deselects it. It may come with the form's fields as they were
    before the first one, whose answer was still on its way: so it puts the row there once more.
    """
    points = st.session_state[key]["selection"]["points"]
    clicks = st.session_state.setdefault(_clicks_key(page), [])
    clicks.extend((float(point["x"]), float(point["y"])) for point in points[-1:])
    if clicks:
        place(page, training, fields, *clicks[-1])


def place(page: Page, training: Training, fields: list[Field], x: float, y: float) -> None:
    """Put the form's row at (x, y) feet from the basket."""
    assert training.placing is not None
    whole = {field.name for field in fields if field.whole}
    for name, value in row_court.placed_at(training.placing, x, y).items():
        st.session_state[_key(page, name)] = round(value) if name in whole else value


def _form(page: Page, fields: list[Field]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for first in range(0, len(fields), 2):
        slots = st.columns(2, vertical_alignment="bottom")
        for field, slot in zip(fields[first : first + 2], slots, strict=False):
            values[field.name] = _input(field, slot, page)
    return values


def _input(field: Field, slot: Any, page: Page) -> Any:
    key = _key(page, field.name)
    if field.kind == "boolean":
        return slot.toggle(field.label, help=field.help, key=key)
    if field.kind == "categorical":
        return slot.selectbox(
            field.label,
            list(field.choices),
            index=None,
            accept_new_options=True,
            help=f"{field.help} A value of your own can be typed in.",
            key=key,
        )
    return slot.number_input(
        field.label,
        value=None,  # the default stands in the session's state, so that a number can be cleared
        step=field.step,
        format=field.format,
        help=field.help,
        placeholder="needed" if field.needed else "left empty",
        key=key,
    )


def _through(view: EndpointView | None) -> str:
    if view is None or not view.running:
        return HERE
    way = st.segmented_control(
        "Through",
        list(WAYS),
        format_func=WAYS.__getitem__,
        default=HERE,
        required=True,
        help=f"The REST endpoint answers with v{view.endpoint.version}.",
        key="row-through",
    )
    return way or HERE


def _press(page: Page, version: Version, values: dict[str, Any], through: str) -> None:
    st.session_state[_answer_key(page)] = None
    with parts.guarded("score the row"):
        st.session_state[_answer_key(page)] = _asked(page, version, values, through)


def _asked(page: Page, version: Version, values: dict[str, Any], through: str) -> Answered:
    settings, project = page.settings, page.project
    if through != REST:
        result = row_scoring.score_row(settings, project, values, version, spec=page.spec)
        return Answered(values, result, version, through)
    view = serving.status(settings, project)
    # The endpoint answers with its own version, whichever one is chosen above.
    served = view.endpoint.version if view is not None else version.version
    known = scoring.find_version(settings, project, served)
    with serving.client(settings, project) as client:
        result = row_scoring.score_row(
            settings, project, values, known, client.predict, spec=page.spec
        )
    return Answered(values, result, known, through)


def _key(page: Page, column: str) -> str:
    return f"row-{page.project}-{column}"


def _clicks_key(page: Page) -> str:
    return f"row-court-clicks-{page.project}"


def _answer_key(page: Page) -> str:
    return f"scoring-row-{page.project}"
