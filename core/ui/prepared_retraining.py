"""A retraining that an alarm called for: what it would train, and the one press that starts it."""

from __future__ import annotations

import streamlit as st

from core.services import retraining, training
from core.services.retraining import PreparedRetraining
from core.services.training import TrainingPlan
from core.ui import parts
from core.ui.frame import Page
from core.ui.training_plan import cost_words
from core.ui.words import ago, escape, exact

_MONITOR = "5_Drift_monitoring"


def on_monitor(page: Page) -> bool:
    """What is ready by the labels there are now; whether it can be started."""
    with parts.guarded("prepare the retraining"):
        with st.spinner("Looking for labels that came since"):
            found = retraining.preparation(page.settings, page.project)
        if found is not None and _offer(page, found):
            st.rerun()
        return found is not None and found.can_start
    return False


def on_home(page: Page) -> bool:
    """What was made ready, as it was then; whether it can be started, so that it comes next."""
    with parts.guarded("read the prepared retraining"):
        found = retraining.kept_preparation(page.settings, page.project)
        if found is not None and _offer(page, found, seen=False):
            path, _, _ = parts.PAGES[_MONITOR]
            st.switch_page(path, query_params={"project": page.project})
        return found is not None and found.can_start
    return False


def _offer(page: Page, found: PreparedRetraining, seen: bool = True) -> bool:
    """Draw it; whether it has been started just now. ``seen``: what moved stands on this page."""
    if found.job_id:
        return False
    with st.container(border=True):
        if found.reason:
            st.markdown("**A retraining is called for, but cannot be prepared yet.**")
            st.markdown(escape(found.reason))
            _as_of(found, "Looked")
            return False
        st.markdown("**Retraining is prepared: start it.** Nothing is trained until you do.")
        parts.figures_row(
            [
                (
                    "Rows to learn from",
                    f"{found.train_rows + found.added_rows:,}",
                    f"{found.train_rows:,} of training and {found.added_rows:,} of production, "
                    f"until {found.learnt_until}",
                ),
                (
                    "Labelled production rows",
                    f"{found.labelled_rows:,}",
                    f"{found.aside_rows:,} others lack a label or a needed value and stay aside",
                ),
                (
                    "Production judges from",
                    found.judged_from,
                    f"{found.recent_rows:,} rows, beside the {found.old_test_rows:,} of the old "
                    "holdout",
                ),
            ]
        )
        st.markdown(_cost(page, found))
        _as_of(found, "Prepared")
        with st.container(horizontal=True, vertical_alignment="center"):
            pressed = st.button(
                "Start the prepared retraining",
                type="primary",
                icon=":material/model_training:",
                key="start-prepared",
            )
            if not seen:
                parts.link(_MONITOR, page.project, "See first what moved")
        if pressed:
            with parts.guarded("start the retraining"), st.spinner("Putting the rows together"):
                retraining.start_prepared(page.settings, page.project, found.prepared_id)
                return True
    return False


def _cost(page: Page, found: PreparedRetraining) -> str:
    plan = TrainingPlan.from_json(found.plan)
    rows = found.train_rows + found.added_rows
    return cost_words(plan, training.forecast(page.settings, plan, rows), rows)


def _as_of(found: PreparedRetraining, verb: str) -> None:
    more = f", with {_algorithms(found)}" if found.can_start else ""
    rules = ", ".join(found.alarms)
    st.caption(
        f"{verb} {ago(found.made)}{escape(more)}, from the labels known then; labels that come "
        "later make it anew.",
        help=f"{exact(found.made)}. Called for by the alarms {escape(rules)}.",
    )


def _algorithms(found: PreparedRetraining) -> str:
    titles = retraining.algorithms()
    names = [one["algorithm"] for one in found.plan.get("models", [])]
    return ", ".join(titles.get(name, name) for name in names)
