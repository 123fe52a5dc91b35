"""All versions of a project, a page at a time, with their state and their card."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from core.services.comparison import Version
from core.ui.frame import Page
from core.ui.words import ago, score

_A_PAGE = 20
_FEW = 3


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
        st.dataframe(table(shown), hide_index=True, height="content", key="all-versions")


def table(versions: Sequence[Version]) -> pd.DataFrame:
    """Number, algorithm, role, main figures, age and state of each."""
    return pd.DataFrame(
        {
            "version": [f"v{v.version}" for v in versions],
            "algorithm": [v.title for v in versions],
            "role": [", ".join(v.aliases) for v in versions],
            "ROC AUC": [score(v.metrics.get("test_roc_auc")) for v in versions],
            "log loss": [score(v.metrics.get("test_log_loss")) for v in versions],
            "registered": [ago(v.created_at) for v in versions],
            "state": [state(v) for v in versions],
        }
    )


def state(version: Version) -> str:
    """What may be wrong with a version, or what it is no news of, in a few words."""
    if version.why_not:
        return "unproven: cannot be used"
    if version.reproduces and version.metrics:
        return f"reproduction of v{version.reproduces}"
    return "" if version.metrics else "no figures: run deleted, or registered by other code"
