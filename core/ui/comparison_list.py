"""All versions of a project, a page at a time, with their state and their card."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st

from core.services.comparison import Version, comparable, judged, twins
from core.ui.frame import Page
from core.ui.words import ago, score

_A_PAGE = 20
_FEW = 3
# Of those whose words vary; what is given up is the width of the others' gaps.
_WIDTHS = {
    name: st.column_config.Column(width=pixels)
    for name, pixels in {"version": 50, "role": 90, "state": 200}.items()
}
_OTHER_ROWS = (
    "Figures on different rows do not compare: a retrained version stands with those on the newest "
    "production rows, which judged it. Choose versions above to measure them on the same rows."
)


def show(page: Page, versions: Sequence[Version]) -> None:
    """A folded table; nothing where all versions are in sight anyway."""
    if len(versions) <= _FEW:
        return
    with st.expander(f"All {len(versions):,} versions", icon=":material/list:"):
        pages = -(-len(versions) // _A_PAGE)
        number = 1
        if pages > 1:
            number = st.number_input(
                f"Page, of {pages}", 1, pages, key=f"versions-page-{page.project}", width=180
            )
        shown = versions[(number - 1) * _A_PAGE : number * _A_PAGE]
        st.dataframe(
            table(shown, twins(versions)),
            hide_index=True,
            height="content",
            key="all-versions",
            column_config=_WIDTHS,
        )
        if not comparable([judged(version) for version in shown if version.metrics]):
            st.caption(_OTHER_ROWS)


def table(versions: Sequence[Version], same: Mapping[str, str]) -> pd.DataFrame:
    """Number, algorithm, role, main figures, age and state of each; ``same``: their twins."""
    found = [judged(version) for version in versions]
    return pd.DataFrame(
        {
            "version": [f"v{v.version}" for v in versions],
            "algorithm": [v.title for v in versions],
            "role": [", ".join(v.aliases) for v in versions],
            "ROC AUC": [score(one.metrics.get("roc_auc")) for one in found],
            "log loss": [score(one.metrics.get("log_loss")) for one in found],
            "measured on": [one.place if one.metrics else "–" for one in found],
            "registered": [ago(v.created_at) for v in versions],
            "state": [state(v, same.get(v.version)) for v in versions],
        }
    )


def state(version: Version, twin: str | None = None) -> str:
    """What may be wrong with a version, or what it is no news of, in a few words."""
    if version.why_not:
        return "unproven: cannot be used"
    if version.reproduces and version.metrics:
        return f"reproduction of v{version.reproduces}"
    if twin:
        return f"same as v{twin} to the last digit"
    return "" if version.metrics else "no figures: run deleted, or registered by other code"
