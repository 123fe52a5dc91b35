"""Home's body: the life cycle as steps, the next one first, the latest actions below."""

from __future__ import annotations

import streamlit as st

from core.services import overview, projects
from core.services.comparison import judged
from core.services.overview import Standing, Step
from core.ui import cached, monitoring_alerts, pairs, parts, prepared_retraining
from core.ui.frame import Page
from core.ui.words import ago, escape, exact, score, verdict_parts

_POLL = "2s"  # while a check runs, until its verdict is there
_NEXT = {
    "prepare": "Look at the raw rows, then clean and split them.",
    "train": "The data are ready; train a first model on them.",
    "compare": "See the versions side by side and choose who is in charge.",
    "score": "A model is in charge; score a production file with it.",
    "monitor": "Predictions have been logged; see whether they drift, and record the check.",
}

_WAY_BACK = {
    "retrain": (
        "Production has drifted; see what moved, retrain on production rows with known outcomes, "
        "and promote the better model.",
        "See and retrain",
        "5_Drift_monitoring",
    ),
    "compare": (
        "A model was trained since the alarm; compare it with the champion, and promote it if it "
        "is better.",
        "Compare and promote",
        "3_Model_comparison",
    ),
    "score": (
        "Another version took over since the alarm; score production with it, then check again.",
        "Score with it",
        "4_Production_scoring",
    ),
}
_WHICH_ROWS = {
    "production": "On the newest production rows, which judged its retraining.",
    "mixed": "On old and new rows together, so not to be held against another version's figures.",
}
# The cards share the width; a last row of fewer keeps their size nearly.
_STEPS_STYLE = "<style>.st-key-home-steps > div {flex: 1 1 9.25rem !important}</style>"


def body(page: Page) -> None:
    """Steps, next action, champion's figures, drift and the log of actions."""
    if not cached.has_data(page.settings, page.project):
        _offer_data(page)
        return
    standing = cached.standing(page.settings, page.project)
    if standing.checking:
        st.fragment(_await_check, run_every=_POLL)(page)
    back = standing.next_step is None and standing.way_back == "retrain"
    if not (back and prepared_retraining.on_home(page)):
        _next(standing)
    _steps(standing)
    left, right = pairs.pair("home")
    with left:
        _drift(page, standing)
        _champion(standing)
        _endpoint(page)
    with right:
        _recent(page, standing)


def _await_check(page: Page) -> None:
    if not cached.standing(page.settings, page.project).checking:
        st.rerun()


def _offer_data(page: Page) -> None:
    with st.container(border=True):
        st.subheader("Nothing here yet", anchor=False)
        st.markdown(
            "The **sample project** is a made-up basketball shooter: trained on two-point shots, "
            "then sent to production on three-point shots. It shows every page in five minutes "
            "and needs no download."
        )
        if st.button("Make the sample project", type="primary", icon=":material/auto_awesome:"):
            with parts.guarded("make the sample"):
                with st.spinner("Making the sample: 9,000 shots to learn from, 2,400 to score"):
                    projects.init_sample(page.settings)
                st.query_params["project"] = projects.SAMPLE
                st.session_state["courtside_project"] = projects.SAMPLE
                st.rerun()
        parts.link("1_Data_preparation", page.project, "Or bring your own data")


def _next(standing: Standing) -> None:
    step = standing.next_step
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        if standing.checking and step is not None and step.key == "monitor":
            st.markdown("**A drift check is running.** Its verdict appears here when it ends.")
            parts.link(step.page, standing.project, "Look at the rows meanwhile")
        elif step is not None:
            st.markdown(f"**Next: {step.title.lower()}.** {escape(_NEXT[step.key])}")
            parts.go_button(f"{step.title} now", step.page, standing.project, "next")
        elif standing.way_back is not None:
            sentence, label, page = _WAY_BACK[standing.way_back]
            st.markdown(f"**Next: lead the model back.** {sentence}")
            parts.go_button(label, page, standing.project, "next")
        else:
            st.markdown("**All steps done.** Score new files as they come, and watch for drift.")
            parts.go_button("Score a file", "4_Production_scoring", standing.project, "next")


def _steps(standing: Standing) -> None:
    st.html(_STEPS_STYLE)
    with st.container(horizontal=True, gap="small", key="home-steps"):
        for step in standing.steps:
            with st.container(border=True, height="stretch", width=156):
                _step(step, standing)


def _step(step: Step, standing: Standing) -> None:
    sign = ":green[:material/check_circle:]" if step.done else ":gray[:material/circle:]"
    if step.key == "monitor" and standing.checking:
        sign = ":blue[:material/hourglass_top:]"
    elif step.key == "monitor" and step.done and standing.drift_level == "alarm":
        sign = ":red[:material/error:]"
    st.markdown(f"{sign} **{step.title}**")
    st.caption(escape(step.summary))
    parts.link(step.page, standing.project, "Open")


def _drift(page: Page, standing: Standing) -> None:
    st.subheader("Drift", anchor=False)
    if standing.checking:
        older = "; below is the last one on record" if standing.drift_level else ""
        st.caption(f":material/hourglass_top: A check is running{older}.")
    if standing.drift_level is None:
        if standing.checking:
            return
        score_first = "" if standing.logged_rows else "score a file, then "
        st.caption(f"No check on record: {score_first}press Check and record on Monitor.")
        return
    parts.level_badge(standing.drift_level)
    finding, consequences = verdict_parts(standing.drift_verdict)
    st.markdown(f"**{escape(finding)}.** {escape(consequences)}")
    with parts.guarded("read the alerts"):
        monitoring_alerts.summary(page.settings, page.project)


def _champion(standing: Standing) -> None:
    st.subheader("Champion", anchor=False)
    version = standing.champion
    if version is None:
        st.caption("The best model of the first training becomes champion.")
        return
    st.markdown(
        f"**v{version.version} {escape(version.title)}**, registered {ago(version.created_at)}",
        help=exact(version.created_at),
    )
    found = judged(version)
    shown = (("roc_auc", "ROC AUC"), ("f1", "F1"), ("log_loss", "Log loss"))
    parts.figures_row(
        [(title, score(found.metrics.get(key)), f"on {found.where}") for key, title in shown]
    )
    if said := _WHICH_ROWS.get(found.rows):
        st.caption(said)


def _endpoint(page: Page) -> None:
    st.subheader("REST endpoint", anchor=False)
    state, words = overview.endpoint(page.settings, page.project)
    sign = {"running": ":green[:material/check_circle:]", "died": ":red[:material/error:]"}.get(
        state, ":gray[:material/circle:]"
    )
    st.markdown(f"{sign} {escape(words)}")


def _recent(page: Page, standing: Standing) -> None:
    st.subheader("Latest actions", anchor=False)
    if not standing.recent:
        st.caption("Every action is logged to MLflow and listed here.")
        return
    parts.timed_list(
        [
            (overview.describe(run), run.moment, f"run {run.run_id[:8]}")
            for run in standing.recent[:8]
        ]
    )
    address = overview.tracking_address(page.settings)
    if address:
        st.link_button("All of them in MLflow", address, icon=":material/open_in_new:")
