"""The production scoring page."""

from __future__ import annotations

from core.ui.frame import Page


def body(page: Page) -> None:
    """Draw the page."""
