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


def test_a_charts_tools_stand_beside_it_whatever_its_margin() -> None:
    narrow, wide = palette.tools_beside(None), palette.tools_beside(80)
    assert narrow["modebar"]["orientation"] == "v"
    assert 30 <= narrow["margin"]["r"] < wide["margin"]["r"] == 80
