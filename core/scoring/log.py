"""A project's inference log, with the columns and kinds of its specification."""

from __future__ import annotations

from typing import Any

from core.dataset.spec import ProjectSpec
from core.inference_log import InferenceLog
from core.settings import Settings


def open_log(settings: Settings, spec: ProjectSpec) -> InferenceLog:
    """The log of the project's predictions; the file is made with the first of them."""
    kinds: dict[str, Any] = dict(spec.kinds)
    return InferenceLog(settings.inference_log(spec.name), spec.raw_columns, kinds)
