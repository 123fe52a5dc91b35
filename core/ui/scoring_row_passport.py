"""A scored row's passport: what moved it, how unusual it is, which training rows are near."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.services import row_court, row_passport
from core.services.row_form import Field
from core.services.row_passport import Near, Training
from core.ui import pairs, parts, scoring_row_what_if
from core.ui.frame import Page
from core.ui.scoring_row_answer import Answered
from core.ui.words import escape, share

_ZERO_WIDTH = "\u200b"  # two columns may have one title


def show(page: Page, answered: Answered, training: Training, fields: list[Field]) -> None:
    """Everything that is known about the row that was scored last."""
    st.subheader("This row's passport", anchor=False)
    shown = {field.name: field.shown(answered.values[field.name]) for field in fields}
    places = row_passport.places(training, answered.values, shown)
    strange = row_passport.warnings(training, places)
    if strange:
        st.warning(
            f"The model has never seen such a row: {escape(' '.join(strange))} "
            "Do not trust its answer there.",
            icon=":material/warning:",
        )
    left, right = pairs.pair("passport")
    with left, parts.guarded("explain the prediction"):
        _moved(page, answered, training, fields)
    with right, parts.guarded("place the row in training"):
        _unusual(training, places)
    with parts.guarded("find the nearest training rows"):
        _nearest(page, answered, training, fields)
    scoring_row_what_if.show(page, answered, training, fields)


def _moved(page: Page, answered: Answered, training: Training, fields: list[Field]) -> None:
    found = _explained(
        page.settings,
        training,
        answered.version,
        answered.version.run_id,
        tuple(answered.values.items()),
    )
    most = found.ranked[0]
    titles = {field.name: field.heading for field in fields}
    title = titles.get(most.feature, most.feature)
    target = page.spec.target
    towards = target.positive_words if most.amount >= 0 else target.negative_words
    st.markdown(f"**{escape(title)} moved it most, towards {escape(towards)}**")
    parts.chart(
        row_passport.explanation_figure(training, found, titles),
        "row-moved",
        alt="What each feature added to or took from the probability",
    )
    st.caption(
        f"{row_passport.sum_words(found)} The dotted line is the start, the full one this row.",
        help=row_passport.method_words(found),
    )


@st.cache_data(show_spinner="Asking the model what moved it", max_entries=200)
def _explained(
    _settings: Any, _training: Training, _version: Any, run_id: str, values: tuple[Any, ...]
) -> Any:
    return row_passport.explanation(_settings, _training, _version, dict(values))


def _unusual(training: Training, places: list[Any]) -> None:
    outside = sum(place.strange for place in places)
    finding = (
        f"{outside} of {len(places)} values lie outside training"
        if outside
        else "Every value lies within training"
    )
    st.markdown(f"**{finding}**")
    parts.chart(
        row_passport.places_figure(places),
        "row-places",
        alt="The percentile of each value in training",
    )
    st.caption("Shaded: the middle 90% of training.")
    for place in places:
        if not place.ranked:
            title = place.title[:1].upper() + place.title[1:]
            st.markdown(f"{escape(title)} **{escape(place.shown)}**: {escape(place.words)}")


def _nearest(page: Page, answered: Answered, training: Training, fields: list[Field]) -> None:
    near = row_passport.nearest(training, answered.values)
    if near.rows.empty:
        return
    target = page.spec.target
    st.markdown(
        f"**{near.positive} of the {near.known} nearest training rows: "
        f"{escape(target.positive_words)}; the model says {share(answered.result.probability)}**"
    )
    st.markdown(row_passport.nearness_words(near), help=row_passport.DISTANCE_WORDS)
    if page.spec.court is None:
        _table(page, near, fields)
        return
    left, right = pairs.pair("passport-near", wide_right=True)
    with left:
        parts.chart(
            row_court.near_figure(page.spec, near.rows, near.outcome, answered.values),
            "row-near",
            alt="This row and its nearest training rows on the court",
        )
    with right:
        _table(page, near, fields)


def _table(page: Page, near: Near, fields: list[Field]) -> None:
    words = {1.0: page.spec.target.positive_words, 0.0: page.spec.target.negative_words}
    columns = {
        "Outcome": [words.get(label, "not known") for label in near.outcome],
        "Away": near.found.distances,
        **{
            f"{field.heading}{_ZERO_WIDTH * place}": [field.shown(v) for v in near.rows[field.name]]
            for place, field in enumerate(fields)
        },
    }
    st.dataframe(
        columns,
        hide_index=True,
        column_config={
            "Away": st.column_config.NumberColumn(format="%.2f", help=row_passport.DISTANCE_WORDS)
        },
    )
