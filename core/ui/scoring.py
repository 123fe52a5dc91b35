"""The production scoring page: a file or one row, the endpoint, and what was logged last."""

from __future__ import annotations

import streamlit as st

from core.services import inference_log
from core.services.comparison import judged
from core.services.scoring import Version
from core.ui import cached, endpoint, pairs, parts, replay, scoring_file, scoring_row
from core.ui.frame import Page

_WAYS = {"file": "A file", "row": "One row", "replay": "Logged rows"}
_SHOWN_ROWS = 20


def body(page: Page) -> None:
    """What to score and with which version on top, the result under it, the log at the end."""
    versions = cached.versions(page.settings, page.project)
    if not versions:
        parts.empty(
            "There is no model to score with yet: train one first.",
            "2_Training",
            page.project,
            "Train a model",
        )
        return
    way, version = _choices(versions)
    if way == "file":
        scoring_file.show(page, version)
    elif way == "replay":
        replay.show(page, version, versions)
    else:
        scoring_row.show(page, version)
    endpoint.show(page, versions)
    _logged(page)


def _choices(versions: list[Version]) -> tuple[str, Version]:
    """What to score, and the version to do it with; both stand in the URL."""
    left, right = pairs.pair("scoring")
    wanted = st.query_params.get("way", "file")
    way = left.segmented_control(
        "What to score",
        list(_WAYS),
        format_func=_WAYS.__getitem__,
        default=wanted if wanted in _WAYS else "file",
        required=True,
        key="scoring-way",
    )
    by_number = {version.version: version for version in versions}
    champion = next((v.version for v in versions if v.is_champion), versions[0].version)
    asked = st.query_params.get("version", champion)
    chosen = right.selectbox(
        "With",
        list(by_number),
        index=list(by_number).index(asked if asked in by_number else champion),
        format_func=lambda number: version_words(by_number[number]),
        help="The champion is in charge; another version can be tried on the same rows.",
        key="scoring-version",
    )
    _remember("way", way or "file", "file")
    _remember("version", chosen, champion)
    return way or "file", by_number[chosen]


def _remember(name: str, value: str, default: str) -> None:
    if value == default:
        st.query_params.pop(name, None)
    elif st.query_params.get(name) != value:
        st.query_params[name] = value


def version_words(version: Version) -> str:
    """A version in a choice: its name, its part, its ROC AUC and on which rows."""
    words = version.label
    if version.aliases:
        words += f", {' and '.join(version.aliases)}"
    found = judged(version)
    auc = found.metrics.get("roc_auc")
    return words + (f" ({found.place} ROC AUC {auc:.3f})" if auc is not None else "")


def _logged(page: Page) -> None:
    st.subheader("Logged last", anchor=False)
    rows = inference_log.recent_rows(page.settings, page.project, _SHOWN_ROWS)
    if rows.empty:
        st.caption("Nothing yet. Every prediction that somebody asks for is logged here.")
        return
    spec = page.spec
    first = ["logged_at", "source", "model_version", "probability", "prediction", "label"]
    st.dataframe(
        rows[[*first, *spec.raw_columns, "prediction_id"]],
        hide_index=True,
        height=260,
        column_config={
            "logged_at": st.column_config.DatetimeColumn(
                "logged at (UTC)", format="YYYY-MM-DD HH:mm:ss", timezone="UTC"
            ),
            "source": "from",
            "model_version": "version",
            "probability": st.column_config.ProgressColumn(
                f"probability of {spec.target.positive_words}",
                format="%.3f",
                min_value=0.0,
                max_value=1.0,
            ),
            "prediction": st.column_config.NumberColumn("prediction", format="%d"),
            "label": st.column_config.NumberColumn("label", help="empty while not known"),
        },
    )
    path = page.settings.inference_log(page.project).relative_to(page.settings.home)
    st.caption(f"All of them: `{path}` on the server.")
