"""Streamlit's theme and the charts use the same colours."""

from __future__ import annotations

import tomllib

import pytest

from core import palette
from core.settings import REPOSITORY


@pytest.mark.parametrize(
    ("mode", "primary"), [("light", palette.CHAMPION), ("dark", palette.CHAMPION_ON_DARK)]
)
def test_theme_and_charts_agree(mode: str, primary: str) -> None:
    theme = tomllib.loads((REPOSITORY / ".streamlit" / "config.toml").read_text())["theme"][mode]
    assert theme["primaryColor"] == primary
    assert theme["greenColor"] == palette.OK
    assert theme["orangeColor"] == palette.WARNING
    assert theme["redColor"] == palette.ALARM
