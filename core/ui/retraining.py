"""Back to a good model: what to learn from, the retraining, and challenger against champion."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from core.errors import BadInput
from core.services import monitoring_figures, retraining, retraining_view, training
from core.services.retraining import JobView, Renewal
from core.services.training import TrainingPlan
from core.ui import cached, pairs, parts, prepared_retraining, training_jobs
from core.ui.frame import Page
from core.ui.training_options import minutes
from core.ui.training_plan import candidates, cost_words
from core.ui.words import ago, escape, score

ANCHOR = "retrain"  # of the heading, for links from further up
_PARTS = ("recent", "old")
_METRICS = {"log_loss": "Log loss", "roc_auc": "ROC AUC", "f1": "F1"}
_HELP = (
    "Production rows with a known outcome join the training data, oldest first. The newest are "
    "held back and judge: challenger and champion answer them side by side. The project's own "
    "preparation and holdout stay as they are."
)


def show(page: Page, wanted: bool) -> None:
    """The last retraining and what it gave; what an alarm made ready; the form of another.

    ``wanted``: there is an alarm, so the form stands open.
    """
    st.subheader("Retrain on production", anchor=ANCHOR, help=_HELP)
    with parts.guarded("read the retrainings"):
        last = retraining_view.latest(page.settings, page.project)
        if last is not None and last.is_live:
            _live(page, last.job_id)
            return
        if last is not None:
            _ended(page, last)
        ready = prepared_retraining.on_monitor(page)
        if wanted and last is None and not ready:
            _form(page)
        else:
            title = "Retrain otherwise" if ready else "Retrain"
            form = st.expander(
                title, key="retrain-form", icon=":material/model_training:", on_change="rerun"
            )
            if form.open:
                with form:
                    _form(page)


@st.fragment(run_every="1s")
def _live(page: Page, job_id: str) -> None:
    with parts.guarded("read the retraining"):
        job = retraining_view.job(page.settings, page.project, job_id)
        if not job.is_live:
            st.rerun()
        with st.container(border=True):
            training_jobs.head(page.settings, page.project, job)
            training_jobs.progress(page.settings, page.project, job)
            parts.link("2_Training", page.project, "Each model's search, on the training page")


def _ended(page: Page, job: JobView) -> None:
    if job.state != "succeeded" or job.result is None:
        st.error(f"The last retraining {job.state}: {escape(job.message)}", icon=":material/error:")
        return
    found = job.result.get("retraining")
    if found is None:
        st.info("The last retraining made the first champion; there was none to challenge.")
        return
    with st.container(border=True):
        st.caption(
            f"Retrained {ago(job.moment)}: learnt "
            f"until {found['learnt_until']}, judged from {found['judged_from']}. Chosen by "
            f"{found['chosen_by']}, not by the rows that judge it."
        )
        first, *sentences = found["sentences"]
        champion = cached.standing(page.settings, page.project).champion
        promoted = champion is not None and champion.version == found["challenger"]
        if champion is not None and promoted:
            first = f"{champion.label} is in charge; this is how it did when it was made."
        st.markdown(f"#### {escape(first)}")
        _evidence(found, sentences)
        with st.container(horizontal=True):
            if promoted:
                parts.link("3_Model_comparison", page.project, "Compare the versions")
            else:
                parts.go_button(
                    "Compare and promote", "3_Model_comparison", page.project, "retrained-compare"
                )
            parts.mlflow_link(page.settings, job.result["run_id"])


def _evidence(found: Mapping[str, Any], sentences: Sequence[str]) -> None:
    """The findings on the newest production rows and on the old holdout; figures on demand.

    ``sentences``: one for each, in the order of ``_PARTS``.
    """
    for side, sentence in zip(pairs.pair("retrained-found"), sentences, strict=True):
        with side:
            st.markdown(escape(sentence))
    more = st.expander(
        "Charts and figures", icon=":material/bar_chart:", key="retrained-more", on_change="rerun"
    )
    if not more.open:
        return
    with more:
        metric = st.segmented_control(
            "Difference in",
            list(_METRICS),
            default="log_loss",
            required=True,
            format_func=_METRICS.__getitem__,
            key="retrained-metric",
        )
        for side, part in zip(pairs.pair("retrained"), _PARTS, strict=True):
            with side:
                parts.chart(
                    monitoring_figures.difference(found["parts"][part], metric or "log_loss"),
                    f"retrained-{part}",
                )
                st.dataframe(
                    _table(found["parts"][part][found["challenger"]]),
                    hide_index=True,
                    key=f"retrained-table-{part}",
                )


def _table(one: Mapping[str, Any]) -> list[dict[str, str]]:
    """The chosen challenger's figures beside the champion's and a constant's."""
    return [
        {
            "": title,
            "Champion": score(one["differences"][metric]["champion_value"]),
            "Challenger": score(one["differences"][metric]["challenger_value"]),
            "A constant": score(one["baseline"][metric]),
        }
        for metric, title in _METRICS.items()
    ]


def _form(page: Page) -> None:
    sources = retraining_view.sources(page.settings, page.project)
    if not sources:
        st.caption("Labelled production rows are needed: score a file that has the outcome.")
        return
    with st.container(border=True):
        titles = {source.key: source.title for source in sources}
        left, right = pairs.pair("retrain-form")
        source = left.selectbox(
            "Production rows", list(titles), format_func=titles.__getitem__, key="retrain-source"
        )
        algorithms = right.multiselect(
            "Algorithms",
            list(retraining.algorithms()),
            default=retraining.usual_algorithms(),
            format_func=lambda name: retraining.algorithms()[name],
            key="retrain-algorithms",
        )
        learnt = left.slider(
            "Learn from the oldest", 10, 90, 50, 5, format="%d%%", key="retrain-share"
        )
        newest = right.number_input(
            "Only the newest labelled rows (empty: all)",
            min_value=1,
            value=None,
            key="retrain-last",
        )
        wanted, wrong = _wanted(page, algorithms)
        _start(page, wanted, wrong, str(source), learnt / 100, int(newest) if newest else None)


def _wanted(page: Page, algorithms: list[str]) -> tuple[TrainingPlan | None, str]:
    """The plan as chosen; None, with why, where what was chosen is no plan."""
    if not algorithms:
        return None, "Choose at least one algorithm."
    key = f"retrain-{page.project}"
    usual = retraining.usual_candidates(page.settings, page.project, algorithms)
    with st.container(horizontal=True, vertical_alignment="bottom", key="retrain-cost"):
        counts = candidates(key, algorithms, usual)
        budget = minutes(key, page.spec.training.options.minutes)
    try:
        wanted = retraining.plan(page.settings, page.project, algorithms, counts)
        return wanted.within(budget), ""
    except BadInput as exc:
        return None, str(exc)


def _start(
    page: Page,
    wanted: TrainingPlan | None,
    wrong: str,
    source: str,
    share: float,
    newest: int | None,
) -> None:
    with parts.guarded("read the labelled rows"):
        words, rows = _preview(page.settings, page.project, source, share, newest, _token(page))
        st.markdown(words)
        if wanted is not None:
            expected = training.forecast(page.settings, wanted, rows)
            st.markdown(cost_words(wanted, expected, rows))
            rule = wanted.options.threshold.words
            st.caption(f"The threshold is the one {rule}, on the production rows it learns from.")
        if wrong:
            st.warning(escape(wrong), icon=":material/edit_note:")
        pressed = st.button(
            "Retrain",
            type="primary",
            icon=":material/model_training:",
            key="retrain",
            disabled=wanted is None,
            help=wrong or None,
        )
        if pressed and wanted is not None:
            with st.spinner("Putting the rows together"):
                retraining.start(page.settings, wanted, source, share, newest)
            st.rerun()


def _token(page: Page) -> tuple[int, ...]:
    """Changes with the log, the labels and the prepared rows."""
    labels = retraining_view.labels_token(page.settings, page.project)
    return (*cached.token(page.settings, page.project), labels)


@st.cache_data(show_spinner="Counting the labelled rows", max_entries=20)
def _preview(
    _settings: Any, project: str, source: str, share: float, newest: int | None, token: Any
) -> tuple[str, int]:
    """What it would learn from and be judged by, in words; how many rows it would learn from."""
    renewal, recent = retraining.preview(_settings, project, source, share, newest)
    aside = recent.unlabelled + recent.unusable
    words = (
        f"**{len(renewal.train):,}** rows to learn from: {renewal.old_train_rows:,} of training "
        f"and {renewal.added_rows:,} of production, until {renewal.learnt_until}.  \n"
        f"**{renewal.recent_rows:,}** rows to judge by, from {renewal.judged_from}, beside "
        f"the {renewal.old_test_rows:,} of the old holdout."
        + _another_share(renewal)
        + _held_against(renewal.recent_rows)
        + (
            f"  \n:gray[{aside:,} rows without a label or a needed value stay aside.]"
            if aside
            else ""
        )
    )
    return words, len(renewal.train)


def _another_share(renewal: Renewal) -> str:
    """Why another share than the one asked for is learnt from, where that is so."""
    had, asked = f"{renewal.learnt_share:.0%}", f"{renewal.asked_share:.0%}"
    if not renewal.together or had == asked:
        return ""
    return (
        f"  \n:gray[Rows of the same {escape(renewal.together)} stay on one side, so the oldest "
        f"{had} of production are learnt from, not {asked}.]"
    )


def _held_against(judging_rows: int) -> str:
    """What Monitor will hold the new version against, where that is not production alone."""
    enough = retraining_view.ENOUGH_TO_JUDGE
    if judging_rows >= enough:
        return ""
    return (
        f"  \n:gray[Fewer than {enough} rows to judge by: Monitor will hold the new version "
        "against old and new rows together, so production may stay marked.]"
    )
