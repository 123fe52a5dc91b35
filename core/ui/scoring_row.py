"""Scoring one row: a form made from the specification; a press logs exactly one row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import streamlit as st

from core.services import row_form, row_scoring, scoring, serving
from core.services.row_form import Field
from core.services.row_scoring import RowResult
from core.services.scoring import Version
from core.services.serving import EndpointView
from core.ui import parts
from core.ui.frame import Page
from core.ui.words import escape

_HERE, _REST = "here", "rest"
_WAYS = {_HERE: "This process", _REST: "The REST endpoint"}


@dataclass(frozen=True)
class Answered:
    """A row that was asked about, and the answer."""

    values: dict[str, Any]
    result: RowResult
    version: Version
    through: str


def show(page: Page, version: Version) -> None:
    """The form on the left, the answer beside it, the row among the training data below."""
    with parts.guarded("make the form"):
        profile = training_profile(page, version)
        left, right = st.columns([3, 2], gap="medium")
        with left:
            _form(page, version, profile)
        answered = st.session_state.get(_key(page))
        with right:
            _answer(page, answered)
        if answered is not None:
            _among_training(page, answered)


def training_profile(page: Page, version: Version) -> Any:
    """The training data of a version in small, kept in memory."""
    return _profile(page.settings, version.run_id, version)


@st.cache_resource(show_spinner=False, max_entries=20)
def _profile(_settings: Any, run_id: str, _version: Version) -> Any:
    return scoring.profile(_settings, _version)


def _form(page: Page, version: Version, profile: Any) -> None:
    view = serving.status(page.settings, page.project)
    fields = row_form.fields(page.spec, profile)
    with st.form(f"row-{page.project}", enter_to_submit=False):
        values: dict[str, Any] = {}
        for first in range(0, len(fields), 2):
            places = st.columns(2, vertical_alignment="bottom")
            for field, place in zip(fields[first : first + 2], places, strict=False):
                values[field.name] = _input(field, place, page)
        through = _through(view)
        pressed = st.form_submit_button("Predict", type="primary", icon=":material/bolt:")
        st.caption("Each press is logged as one row; changing the form logs nothing.")
    if pressed:
        st.session_state[_key(page)] = None
        with parts.guarded("score the row"):
            st.session_state[_key(page)] = _asked(page, version, values, through)


def _input(field: Field, place: Any, page: Page) -> Any:
    key = f"row-{page.project}-{field.name}"
    if field.kind == "boolean":
        return place.toggle(field.label, value=bool(field.default), help=field.help, key=key)
    if field.kind == "categorical":
        return place.selectbox(
            field.label,
            list(field.choices),
            index=0 if field.choices else None,
            accept_new_options=True,
            help=f"{field.help} A value of your own can be typed in.",
            key=key,
        )
    return place.number_input(
        field.label,
        value=field.default,
        step=field.step,
        format="%d" if isinstance(field.step, int) else "%g",
        help=field.help,
        key=key,
    )


def _through(view: EndpointView | None) -> str:
    running = view is not None and view.running
    way = st.radio(
        "Through",
        list(_WAYS),
        format_func=_WAYS.__getitem__,
        horizontal=True,
        disabled=not running,
        help=None if running else "The REST endpoint is not running; start it below.",
        key="row-through",
    )
    if not running:
        st.caption("The REST endpoint is not running; start it below to ask through it.")
        return _HERE
    assert view is not None
    st.caption(f"The endpoint answers with v{view.endpoint.version}.")
    return way or _HERE


def _asked(page: Page, version: Version, values: dict[str, Any], through: str) -> Answered:
    settings, project = page.settings, page.project
    if through == _HERE:
        result = row_scoring.score_row(settings, project, values, version.version)
        return Answered(values, result, version, through)
    view = serving.status(settings, project)
    with serving.client(settings, project) as client:
        # The endpoint answers with its own version, whichever one is chosen above.
        served = view.endpoint.version if view is not None else version.version
        result = row_scoring.score_row(settings, project, values, served, client.predict)
    return Answered(values, result, scoring.find_version(settings, project, served), through)


def _answer(page: Page, answered: Answered | None) -> None:
    target = page.spec.target
    if answered is None:
        with st.container(border=True):
            st.markdown("**The answer appears here**")
            st.caption(
                "The form holds the middle of the training data: change what you like, then "
                "press Predict."
            )
        return
    result = answered.result
    verdict = target.positive_words if result.prediction else target.negative_words
    above = "above" if result.prediction else "not above"
    with st.container(border=True):
        st.caption(f"{answered.version.label} says, through {_WAYS[answered.through].lower()}")
        st.markdown(f"## {escape(verdict.capitalize())}")
        st.progress(result.probability)
        parts.figures_row(
            [
                (target.positive_words.capitalize(), f"{result.probability:.1%}", "probability"),
                (
                    target.negative_words.capitalize(),
                    f"{result.probability_negative:.1%}",
                    "probability",
                ),
            ]
        )
        st.markdown(
            f"{result.probability:.1%} is {above} the threshold of {result.threshold:.0%}, so the "
            f"decision is **{escape(verdict)}**."
        )
        st.caption(f"Logged as `{result.prediction_id}`")
        parts.mlflow_link(page.settings, result.run_id)


def _among_training(page: Page, answered: Answered) -> None:
    profile = training_profile(page, answered.version)
    known = [c for c in page.spec.columns if c.name in profile.features]
    words = {
        c.title: row_form.position_words(profile.features[c.name], answered.values[c.name])
        for c in known
    }
    unseen = [title for title, said in words.items() if "every training value" in said]
    st.subheader("This row among the training data", anchor=False)
    if unseen:
        st.warning(
            f"The model has never seen such a row: {escape(', '.join(unseen))} beyond every "
            "training value. Do not trust its answer there.",
            icon=":material/warning:",
        )
    court = row_form.court_figure(page.spec, profile, answered.values)
    left, right = st.columns(2, gap="large")
    places = [left, right]
    if court is not None:
        with left:
            parts.chart(court, "row-court")
        places = [right, right, left, right, left, right]
    for number, column in enumerate(known):
        feature = profile.features[column.name]
        title = column.title[:1].upper() + column.title[1:]
        figure = row_form.position_figure(feature, answered.values[column.name], title)
        with places[number % len(places)]:
            parts.chart(figure, f"row-{column.name}")


def _key(page: Page) -> str:
    return f"scoring-row-{page.project}"
