"""What a person must know of a training that did succeed: who failed, whose figures mislead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from core.services import training
from core.ui.words import escape


def show(result: Mapping[str, Any], models: Sequence[Mapping[str, Any]]) -> None:
    """A warning each; nothing where all is well."""
    for words in troubles(result, models):
        st.warning(words, icon=":material/warning:")


def troubles(result: Mapping[str, Any], models: Sequence[Mapping[str, Any]]) -> list[str]:
    """In Markdown. Results of older trainings lack these keys: nothing is said of them."""
    failed = [
        f"**{escape(one['title'])}** could not be trained: {escape(one['reason'])}"
        for one in result.get("failed", [])
    ]
    misleading = [
        f"**v{model['version']} {escape(training.title_of(model['algorithm']))}**: {escape(words)}"
        for model in models
        for words in model.get("warnings", [])
    ]
    return failed + misleading
