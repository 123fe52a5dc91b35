"""What came of a training: its models ranked, their curves, errors and settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from core.services import holdout, training
from core.services.comparison import Version, judged, twins
from core.services.holdout import Evidence
from core.services.training import JobView
from core.ui import cached, leaderboard, parts, version_charts
from core.ui.frame import Page
from core.ui.pairs import pair
from core.ui.training_jobs import state_markdown
from core.ui.training_troubles import show as show_troubles
from core.ui.training_words import job_words
from core.ui.words import ago, duration, escape, exact, score

# Wide enough for the longest name of a hyperparameter beside its value.
_SETTINGS_PIXELS = 380
_PLACES = {
    "holdout": "the holdout",
    "production": "the newest production rows, which none of them learnt from",
    "mixed": "their own holdout, old rows and the newest production rows together",
}
_DECIDED = {
    "holdout": "the holdout",
    "production": "the newest production rows",
    "mixed": "old and new rows",
}


def in_short(page: Page, job: JobView) -> None:
    """How a training that succeeded ended, and where to go from there."""
    result = job.result or {}
    registered = _registered(page)
    models = _ranked(result, registered)
    with st.container(border=True):
        st.markdown(
            f"{state_markdown(job)} **{escape(job.title)}**  \n"
            f":small[:gray[{ago(job.moment)} · took {duration(job.elapsed_seconds)}]]  \n"
            f"{job_words(page.settings, page.project, job)}",
            help=f"{exact(job.moment)} · job {job.job_id}",
        )
        st.success(
            headline_words(page, result, models[0], registered), icon=":material/check_circle:"
        )
        _links(page, result, models, registered)


def show(page: Page, job: JobView, newest: bool, in_short_above: bool) -> None:
    """The models of a training that succeeded, ranked.

    ``newest``: it is the latest one; ``in_short_above``: `in_short` has told how it ended.
    """
    result = job.result or {}
    registered = _registered(page)
    models = _ranked(result, registered)
    heading = "Latest result" if newest else "Earlier result"
    again = _reproduced(models, registered)
    st.subheader(f"{heading}: a reproduction" if again else heading, anchor=False)
    st.caption(
        f"{escape(job.title)} · {ago(job.moment)}", help=f"{exact(job.moment)} · job {job.job_id}"
    )
    if not in_short_above:
        st.markdown(headline_words(page, result, models[0], registered))
    leaderboard.show(
        [_row(model, registered) for model in models],
        f"trained-{job.job_id}",
        "leaderboard",
        f"all on {_place(result, models[0], registered)}",
    )
    show_troubles(result, models)
    for words in [*compared(result, models), *_nothing_new(models, registered), *notes(models)]:
        st.caption(words)
    if not in_short_above:
        _links(page, result, models, registered)
    kept = [registered[m["version"]] for m in models if m["version"] in registered]
    if kept:
        with parts.guarded("draw the models"):
            _charts(page, kept)
    _hyperparameters(models)


def _ranked(result: dict[str, Any], registered: dict[str, Version]) -> list[dict[str, Any]]:
    """By ROC AUC on the rows that count; of a retraining the one that it chose comes first."""
    chosen = (result.get("retraining") or {}).get("challenger")

    def rank(model: dict[str, Any]) -> tuple[bool, float]:
        return model["version"] != chosen, -_figures(model, registered)["roc_auc"]

    return sorted(result["models"], key=rank)


def _figures(model: dict[str, Any], registered: dict[str, Version]) -> Mapping[str, float]:
    """The figures that its version is known by; those of the job where that is gone."""
    version = registered.get(model["version"])
    known = judged(version).metrics if version is not None else {}
    return known if "roc_auc" in known else model["test"]


def _place(result: dict[str, Any], model: dict[str, Any], registered: dict[str, Version]) -> str:
    """On which rows these figures are."""
    version = registered.get(model["version"])
    if version is None or not version.metrics:
        return _PLACES["mixed" if result.get("retraining") else "holdout"]
    return _PLACES[judged(version).rows]


def _nothing_new(models: Sequence[dict[str, Any]], registered: dict[str, Version]) -> list[str]:
    """Which models a version has been before: the same plan on the same data makes the same."""
    same = twins(registered.values())
    return [
        f":material/content_copy: **v{number}** is the same as v{same[number]} to the last digit."
        for number in (model["version"] for model in models)
        if number in same and not registered[number].reproduces
    ]


def _registered(page: Page) -> dict[str, Version]:
    return {one.version: one for one in cached.versions(page.settings, page.project)}


def _reproduced(models: Sequence[dict[str, Any]], registered: dict[str, Version]) -> list[str]:
    """The versions that these models are, trained again; none where they are candidates."""
    known = (registered.get(model["version"]) for model in models)
    return [one.reproduces for one in known if one is not None and one.reproduces]


def headline_words(
    page: Page, result: dict[str, Any], best: dict[str, Any], registered: dict[str, Version]
) -> str:
    """The best model of a training, and where it stands to the champion."""
    name = f"v{best['version']} {_title(best)}"
    auc = f"ROC AUC {score(_figures(best, registered)['roc_auc'])}"
    if result.get("retraining"):
        auc += f" on {_place(result, best, registered)}"
    if again := _reproduced([best], registered):
        return (
            f"**{name}** is a reproduction of v{again[0]}, the same plan on the same data "
            f"({auc}): it shows that the version can be made again, and is no new candidate."
        )
    champion = next((version for version in registered.values() if version.is_champion), None)
    if _made_champion(page.settings, result["run_id"]) == best["version"]:
        return f"**{name}** is the best ({auc}) and became champion: there was none before."
    if champion is None or champion.version == best["version"]:
        return f"**{name}** is the best of this training ({auc})."
    stands = f"The champion is still v{champion.version} {escape(champion.title)}"
    if twin := twins(registered.values()).get(best["version"]):
        return (
            f"**{name}** is the same as v{twin} to the last digit ({auc}): the same plan on the "
            f"same data makes the same model. {stands}; there is nothing new to compare."
        )
    best_of = "was chosen as challenger" if result.get("retraining") else "is the best"
    return (
        f"**{name}** {best_of} of this training ({auc}). {stands}; compare them before you promote."
    )


def compared(result: dict[str, Any], models: Sequence[dict[str, Any]]) -> list[str]:
    """How the tuned algorithms were chosen, where they were."""
    rows = result.get("compared") or []
    if not rows:
        return []
    listed = " · ".join(f"{escape(row['title'])} {score(row['roc_auc'])}" for row in rows)
    return [
        f":material/filter_alt: The best {len(models)} of {len(rows)} algorithms were tuned, by "
        f"cross-validated ROC AUC: {listed}."
    ]


def notes(models: Sequence[dict[str, Any]]) -> list[str]:
    """What is not as usual: a search cut short, a threshold of its own, mapped probabilities.

    Results of older trainings lack these keys: nothing is said of them.
    """
    said = []
    for model in models:
        name = f"**v{model['version']} {escape(_title(model))}**"
        tried, total = model.get("candidates_tried", 0), model.get("candidates", 0)
        if tried < total:
            said.append(
                f":material/timer: {name}: the time budget ended its tuning after {tried:,} of "
                f"{total:,} candidates."
            )
        details = []
        if model.get("threshold", 0.5) != 0.5:
            rule = training.ThresholdRule.read(model["threshold_rule"]).words
            details.append(f"decides above a probability of {model['threshold']:.3f}, {rule}")
        if model.get("calibration", "none") != "none":
            details.append(f"its probabilities are calibrated ({model['calibration']})")
        if details:
            said.append(f":material/info: {name}: {'; '.join(details)}.")
    return said


@st.cache_data(show_spinner=False, max_entries=100)
def _made_champion(settings: Any, run_id: str) -> str | None:
    return training.made_champion(settings, {"run_id": run_id})


def _row(model: dict[str, Any], registered: dict[str, Version]) -> leaderboard.Row:
    version = registered.get(model["version"])
    aliases = version.aliases if version else ()
    if version is not None and version.metrics:
        return leaderboard.Row.of(version)
    return leaderboard.Row(f"v{model['version']}", _title(model), aliases, model["test"])


def _title(model: dict[str, Any]) -> str:
    return training.title_of(model["algorithm"])


def _links(
    page: Page,
    result: dict[str, Any],
    models: Sequence[dict[str, Any]],
    registered: dict[str, Version],
) -> None:
    path, _, icon = parts.PAGES["3_Model_comparison"]
    made = [model["version"] for model in models if model["version"] in registered]
    originals = [one for one in _reproduced(models, registered) if one in registered]
    numbers = ",".join(made + originals)
    with st.container(horizontal=True, vertical_alignment="center"):
        if numbers:
            st.page_link(
                path,
                label="Compare the versions",
                icon=icon,
                query_params={"project": page.project, "versions": numbers},
            )
        parts.mlflow_link(page.settings, result["run_id"], "This training in MLflow")


def _charts(page: Page, versions: Sequence[Version]) -> None:
    found = [cached.evidence(page.settings, page.project, version) for version in versions]
    version_charts.show(found, versions[0].label, "trained")
    _one_model(page, found)


def _one_model(page: Page, found: Sequence[Evidence]) -> None:
    by_number = {one.version.version: one for one in found}
    chosen = st.segmented_control(
        f"Decisions on {_DECIDED[judged(found[0].version).rows]} of",
        list(by_number),
        default=next(iter(by_number)),
        required=True,
        format_func=lambda number: by_number[number].version.label,
        key=f"decisions-{'-'.join(by_number)}",
    )
    one = by_number[chosen or next(iter(by_number))]
    target = page.spec.target
    left, right = pair("trained-decisions")
    with left:
        names = (target.negative_words, target.positive_words)
        parts.chart(holdout.confusion_chart(one, names), "trained-confusion")
    with right, parts.guarded("draw the probabilities"):
        histogram = holdout.probability_chart(page.settings, page.project, one.version)
        parts.chart(histogram, "trained-probability")
        parts.numbers_below(histogram, "trained-probability", "holdout_probabilities")


def _hyperparameters(models: Sequence[dict[str, Any]]) -> None:
    with (
        st.expander("Hyperparameters after tuning", icon=":material/tune:"),
        st.container(horizontal=True, gap="large"),
    ):
        for model in models:
            with st.container(width=_SETTINGS_PIXELS):
                _settings_table(model)


def _settings_table(model: dict[str, Any]) -> None:
    values = model["hyperparameters"]
    st.markdown(f"**v{model['version']} {_title(model)}**")
    st.table(
        pd.DataFrame(
            {"value": ["none" if value is None else str(value) for value in values.values()]},
            index=[f"`{name}`" for name in values],
        ),
        border="horizontal",
    )
