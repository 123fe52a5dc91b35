"""The plan of a training: choices that start from the project's own, their cost, the button."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import streamlit as st

from core.errors import BadInput
from core.listing import listed
from core.services import training
from core.services.training import Forecast, Readiness, TrainingPlan
from core.ui import parts, training_options
from core.ui.frame import Page
from core.ui.training_words import METRIC_WORDS
from core.ui.words import escape

_USUAL = ("lr", "dt")
_CANDIDATES_HELP = "How many random settings of the algorithm tuning tries."
# Six digits beside the buttons that count up and down; the name beside them wraps in what is left.
_FIELD_PIXELS = 130
_ROW_STYLE = (
    "<style>[class*=st-key-candidates-row-] > div:first-child {flex: 1 1 7rem !important; "
    "min-width: 7rem !important}</style>"
)


def show(page: Page, busy: bool) -> None:
    """Choose what to train and start it; ``busy``: another training of this project is live."""
    ready = training.readiness(page.settings, page.project)
    with st.container(border=True):
        if not ready.ready:
            with st.container(horizontal=True, vertical_alignment="center"):
                st.markdown(f":orange[:material/lock:] **Not yet.** {ready.reason}")
                parts.link("1_Data_preparation", page.project, "Prepare the data")
        with parts.guarded("read the training plan"):
            plan, wrong = _choose(page)
            _start(page, plan, wrong, ready, busy)


def _choose(page: Page) -> tuple[TrainingPlan | None, str]:
    """The plan as chosen; None, with why, where what was chosen is no plan.

    The fields know no bounds of their own: what a field refuses it keeps to itself, and the page
    would go on with the number from before.
    """
    own = training.defaults(page.settings, page.project)
    counts = {model.algorithm: model.candidates for model in own.models}
    key = f"plan-{page.project}"
    usual = list(dict.fromkeys([*_available(counts), *_USUAL]))
    algorithms = st.pills(
        "Algorithms",
        usual,
        selection_mode="multi",
        default=_available(counts),
        format_func=training.title_of,
        key=f"{key}-algorithms",
    )
    candidates_place = st.container()
    metric = st.selectbox(
        "Tune for",
        training.TUNING_METRICS,
        index=training.TUNING_METRICS.index(own.metric),
        format_func=lambda name: METRIC_WORDS.get(name, name),
        key=f"{key}-metric",
        help="The candidate with the best mean of this metric over the folds is kept.",
    )
    folds_place, seed_place = st.columns(2)
    folds = folds_place.number_input(
        "Folds",
        value=own.folds,
        key=f"{key}-folds",
        help="Each candidate is fitted and measured this many times, each time with "
        "another part of the training rows left out.",
    )
    seed = seed_place.number_input(
        "Seed",
        value=own.seed,
        key=f"{key}-seed",
        help="The same seed, data and plan give the same models.",
    )
    more = st.expander("More", key=f"{key}-more", icon=":material/tune:")
    with more:
        algorithms = [*algorithms, *training_options.further_algorithms(key, usual)]
    with candidates_place:
        tried = _candidates_by_row(key, algorithms, counts)
    wrong: list[str] = []
    options = own.options
    with more, _noted(wrong):
        options = training_options.choose(key, algorithms, own.options)
    if not algorithms:
        return None, " ".join(["Choose at least one algorithm.", *wrong])
    plan = None
    with _noted(wrong):
        plan = training.plan(
            page.settings, page.project, algorithms, tried, folds, metric, seed, options
        )
    return (None, " ".join(wrong)) if wrong else (plan, "")


@contextmanager
def _noted(wrong: list[str]) -> Iterator[None]:
    """What the block finds to be no plan goes to ``wrong``, so that all of it is said at once."""
    try:
        yield
    except BadInput as exc:
        wrong.append(str(exc))


def _available(algorithms: Iterable[str]) -> list[str]:
    """Those that this installation can train; the others are named under "More"."""
    known = training.CATALOGUE
    return [name for name in algorithms if name in known and known[name].why_not is None]


def candidates(key: str, algorithms: list[str], own: dict[str, int]) -> dict[str, int]:
    """One field an algorithm: how many candidates to try, ``own`` to begin with."""
    return {name: _candidates_field(key, name, own, help=_CANDIDATES_HELP) for name in algorithms}


def _candidates_field(key: str, name: str, own: dict[str, int], **look: Any) -> int:
    return st.number_input(
        f"Candidates for {training.title_of(name)}",
        value=own.get(name, 20),
        key=f"{key}-candidates-{name}",
        **look,
    )


def _candidates_by_row(key: str, algorithms: list[str], own: dict[str, int]) -> dict[str, int]:
    """The same in half the height: one heading, then a row an algorithm."""
    if not algorithms:
        return {}
    tried = {}
    with st.container(gap="xsmall"):
        st.html(_ROW_STYLE)
        st.markdown(":small[Candidates]", help=_CANDIDATES_HELP)
        for name in algorithms:
            row = f"candidates-row-{key}-{name}"
            with st.container(horizontal=True, vertical_alignment="center", key=row):
                st.markdown(f":small[{escape(training.title_of(name))}]", width="stretch")
                tried[name] = _candidates_field(
                    key, name, own, label_visibility="collapsed", width=_FIELD_PIXELS
                )
    return tried


def _start(page: Page, plan: TrainingPlan | None, wrong: str, ready: Readiness, busy: bool) -> None:
    why = wrong or (None if ready.ready else f"{ready.reason} Prepare the data first.")
    if wrong:
        st.warning(escape(wrong), icon=":material/edit_note:")
    if plan is not None:
        rows = ready.train_rows if ready.ready else None
        st.markdown(cost_words(plan, training.forecast(page.settings, plan), rows))
    pressed = st.button(
        "Train",
        type="primary",
        icon=":material/play_arrow:",
        key=f"train-{page.project}",
        width="stretch",
        disabled=why is not None,
        help=why or ("Waits until the running training has ended." if busy else None),
    )
    if pressed and plan is not None:
        with parts.guarded("start the training"):
            training.submit(page.settings, plan)
            st.toast("Waiting for its turn." if busy else "Training has started.")
            st.rerun()


def cost_words(plan: TrainingPlan, expected: Forecast, rows: int | None) -> str:
    """What a plan costs: time where earlier trainings allow to say, fits, rows to learn from."""
    tried = plan.fits // plan.folds
    limited = plan.tuned_models < len(plan.models) or plan.options.minutes is not None
    most = "Up to " if limited else ""
    said = f"{most}**{plan.fits:,} fits** ({tried:,} candidates × {plan.folds} folds)"
    if rows is not None:
        part = f"{100 * plan.fit_share:.0f}% of the " if plan.fit_share < 1 else ""
        said += f" on {part}{rows:,} training rows"
    if (minutes := plan.options.minutes) is not None:
        said += f", tuned for {minutes:g} min at the most"
    if expected.least is None or expected.most is None:
        return f"{said}. :gray[No estimate yet: {_no_measure(expected)}]"
    low, high = rounded(expected.least), rounded(expected.most)
    if low == high:
        return f"{said}: **about {high}**, going by comparable trainings here."
    return (
        f"{said}: **about {low} to {high}**, by which of them turn out best, going by comparable "
        "trainings here."
    )


def _no_measure(expected: Forecast) -> str:
    """Why there is no telling, and what would give one."""
    if not expected.unmeasured:
        return (
            "nothing comparable has been trained here. The first training gives the measure; a "
            "time budget bounds it."
        )
    names = [training.title_of(name) for name in expected.unmeasured]
    have, them = ("has", "it") if len(names) == 1 else ("have", "them")
    return (
        f"{listed(names)} {have} not been tuned here on about so many rows. A first training with "
        f"{them}, of a few candidates, gives the measure."
    )


def rounded(seconds: float) -> str:
    """A length of time as exact as a forecast is: tens of seconds, then minutes."""
    if seconds < 90:
        return f"{max(10, round(seconds, -1)):.0f} s"
    if seconds < 3600:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
