"""What versions cost and how they were made: latency, size, time, hyperparameters, their cards."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from core.services import comparison
from core.services.comparison import Compared, Version
from core.ui import comparison_card
from core.ui.frame import Page
from core.ui.words import duration, number


def show(page: Page, chosen: Sequence[Version], found: Compared | None) -> None:
    """Cost, then settings that differ, then the card and the way to train one again."""
    st.dataframe(_costs(page, chosen, found), hide_index=True, height="content", key="costs")
    st.caption(
        "Latency is a row's share of scoring the holdout at once, measured here just now; size is "
        "the model file's; training is the run's own length."
    )
    _hyperparameters(chosen)
    registered = [version for version in chosen if version.registered]
    if registered:
        comparison_card.show(page, registered)


def _costs(page: Page, chosen: Sequence[Version], found: Compared | None) -> pd.DataFrame:
    made = comparison.origins(page.settings, page.project, chosen)
    rows = []
    for version in chosen:
        one = found.bench.of(version.version) if found else None
        seconds = made[version.version].training_seconds
        rows.append(
            {
                "version": version.label,
                "latency (µs a row)": number(one.microseconds if one else None),
                "size (MB)": number(one.megabytes if one else None),
                "training": "–" if seconds is None else duration(seconds),
                "threshold": version.threshold,
                "threshold rule": version.tags.get("threshold_rule", "–"),
                "calibration": version.tags.get("calibration", "–"),
            }
        )
    return pd.DataFrame(rows)


def _hyperparameters(chosen: Sequence[Version]) -> None:
    st.markdown("**Hyperparameters**")
    everything = st.toggle(
        "Also those that are the same", key="compared-all-hyperparameters", value=len(chosen) == 1
    )
    table = comparison.hyperparameter_table(chosen, only_differing=not everything)
    if table.empty:
        st.caption("All the same in the versions compared.")
        return
    st.dataframe(table, height="content", key="compared-hyperparameters")
